"""The synthetic gate at real servers: what it lets pass, and what it says of what it does not."""

import http.server
import json
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from evenly.verify.gate import Gate, Instance, failures

WELL = {"/": 200, "/healthz": 200, "/readyz": 200}


class Unix(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


@contextmanager
def serving(
    answers: dict[str, int], path: Path | None = None
) -> Iterator[tuple[Instance, list[dict[str, str]]]]:
    """An instance that answers these statuses, 404 to all else; and the headers that it was asked with."""
    asked: list[dict[str, str]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(answers.get(self.path, 404))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = Unix(str(path), Handler) if path else http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = str(path) if path else f"127.0.0.1:{server.server_address[1]}"
        yield Instance("i-1", address, None), asked
    finally:
        server.shutdown()
        server.server_close()


def gate(*instances: Instance) -> Gate:
    return Gate(instances, "/nowhere/ca.pem", "/nowhere/balancer.pem", "/nowhere/balancer.key")


@pytest.mark.parametrize(
    "answers",
    [
        WELL,
        {"/": 404},
        {"/": 302, "/healthz": 302, "/readyz": 403},
    ],
)
def test_what_an_application_may_answer(answers):
    with serving(answers) as (instance, _):
        assert failures(gate(instance)) == ()


@pytest.mark.parametrize(
    ("answers", "id"),
    [
        (WELL | {"/": 500}, "protocols.http1"),
        (WELL | {"/healthz": 500}, "health.alive"),
        (WELL | {"/readyz": 503}, "health.ready"),
    ],
)
def test_what_it_does_not_let_pass(answers, id):
    with serving(answers) as (instance, _):
        (told,) = failures(gate(instance))
    assert told.startswith(f"i-1: {id}: ")


def test_each_instance_is_asked():
    with serving(WELL) as (well, _), serving({"/": 500}) as (ill, _):
        assert [it.partition(": ")[0] for it in failures(gate(well, Instance("i-2", ill.address, None)))] == [
            "i-2"
        ]


def test_an_instance_on_a_socket_is_asked_there(tmp_path):
    with serving({"/": 500}, tmp_path / "s") as (instance, asked):
        assert len(failures(gate(instance))) == 1
    assert asked


def test_it_asks_as_the_balancer_does():
    with serving(WELL) as (instance, asked):
        failures(gate(instance))
    assert {(it["host"], it["x-forwarded-proto"]) for it in asked} == {("localhost", "https")}


def test_nobody_there_is_a_failure():
    told = failures(gate(Instance("i-1", "127.0.0.1:1", None)))
    assert told and all("No connection" in it for it in told)


def test_the_process_says_it_as_json():
    with serving({"/": 500}) as (instance, _):
        done = subprocess.run(
            [sys.executable, "-m", "evenly.verify.gate"],
            input=msgspec.json.encode(gate(instance)),
            capture_output=True,
        )
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)) == 1
