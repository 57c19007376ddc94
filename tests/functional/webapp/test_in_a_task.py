"""The reference service as a task of ECS starts it: through the launcher, with TLS that it makes itself, and a
database whose users take turns. The addresses of ECS and of Secrets Manager are the test's own; PostgreSQL is real."""

import asyncio
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import aiohttp
import pytest

HOST = "i-0abcdef0123456789"
TASK = "0123456789abcdef0123456789abcdef"
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:hello/staging/database/app-AbCdEf"
NEXT = "Nach der Drehung 1"


class Aws:
    """What a task reaches of AWS: its own address in ECS, its role, and Secrets Manager."""

    def __init__(self) -> None:
        self.secret: dict[str, str] = {}
        self.readings = 0
        world = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/credentials":
                    return self.answer({"AccessKeyId": "AKID", "SecretAccessKey": "hush", "Token": "T"})
                arn = f"arn:aws:ecs:eu-west-1:123456789012:task/hello-staging/{TASK}"
                return self.answer({"TaskARN": arn, "AvailabilityZone": "eu-west-1b"})

            def do_POST(self) -> None:
                world.readings += 1
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                assert asked == {"SecretId": ARN}
                assert self.headers["x-amz-target"] == "secretsmanager.GetSecretValue"
                assert self.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKID/")
                self.answer({"SecretString": json.dumps(world.secret)})

            def answer(self, told: dict[str, str]) -> None:
                content = json.dumps(told).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def aws() -> Iterator[Aws]:
    it = Aws()
    yield it
    it.server.shutdown()
    it.server.server_close()


@dataclass
class Task:
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def client(self) -> aiohttp.ClientSession:
        """As a balancer of AWS: it shows no certificate, and looks at none."""
        return aiohttp.ClientSession(
            f"https://127.0.0.1:{self.port}", connector=aiohttp.TCPConnector(ssl=False, limit=0)
        )

    def speaks(self, version: ssl.TLSVersion) -> bool:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.minimum_version = context.maximum_version = version
        with socket.create_connection(("127.0.0.1", self.port)) as plain:
            try:
                with context.wrap_socket(plain) as secure:
                    return secure.version() is not None
            except (ssl.SSLError, ConnectionError):
                return False


@pytest.fixture
def start(
    aws: Aws, tmp_path: Path, database_url: str, until: Callable[..., Any]
) -> Iterator[Callable[..., Task]]:
    started: list[subprocess.Popen[bytes]] = []
    (tmp_path / "instance-id").write_text(HOST)

    def starts(**environ: str) -> Task:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        given = {
            **{
                name: it
                for name, it in os.environ.items()
                if name.startswith(("PATH", "PYTHONPATH", "COV", "HOME"))
            },
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "EVENLY_PROXIES": "1",
            "EVENLY_REGION": "eu-west-1",
            "EVENLY_RELEASE": "7",
            "EVENLY_TLS": "self-signed",
            "EVENLY_DATABASE_SECRET": ARN,
            "DATABASE_URL": database_url,
            "ECS_CONTAINER_METADATA_URI_V4": f"{aws.url}/v4/xyz",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{aws.url}/credentials",
            "AWS_ENDPOINT_URL": aws.url,
            **environ,
        }
        log = tmp_path / "log"
        launcher = [sys.executable, "-m", "evenly.aws.launching"]
        with log.open("wb") as out:
            process = subprocess.Popen(
                [*launcher, sys.executable, "-m", "evenly.webapp.server", "evenly.webapp:app"],
                env=given,
                cwd=tmp_path,
                stdout=out,
                stderr=out,
            )
        started.append(process)
        task = Task(process, port, log)

        def listening() -> bool:
            assert process.poll() is None, log.read_text()
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        until(listening)
        return task

    yield starts
    for process in started:
        process.kill()
        process.wait()


async def home(client: aiohttp.ClientSession) -> dict[str, Any]:
    async with client.get("/") as answer:
        assert answer.status == 200, await answer.text()
        told: dict[str, Any] = await answer.json()
        return told


async def test_it_tells_host_task_and_zone_and_ends_when_it_is_told_to(
    start: Callable[..., Task], tmp_path: Path
) -> None:
    task = start(EVENLY_INSTANCE_ID_FILE=str(tmp_path / "instance-id"))
    async with task.client() as client:
        told = await home(client)
        async with client.get("/", headers={"accept": "text/html"}) as answer:
            page = await answer.text()
    assert (told["instance_id"], told["task_id"], told["zone"]) == (HOST, TASK, "eu-west-1b")
    assert f"<dt>Task</dt><dd>{TASK}</dd>" in page
    assert f'"instance":"{HOST}","task":"{TASK}"' in task.log.read_text()
    task.process.send_signal(signal.SIGTERM)  # which reaches the server: the launcher has become it
    assert await asyncio.to_thread(task.process.wait, 20) == 0


async def test_on_fargate_it_says_that_there_is_no_host(start: Callable[..., Task]) -> None:
    task = start()
    async with task.client() as client:
        told = await home(client)
        async with client.get("/", headers={"accept": "text/html"}) as answer:
            page = await answer.text()
    assert (told["instance_id"], told["task_id"]) == (None, TASK)
    assert "none: it runs on no host of its own" in page


def test_a_balancer_of_aws_and_its_health_checks_can_speak_to_it(start: Callable[..., Task]) -> None:
    task = start()
    assert task.speaks(ssl.TLSVersion.TLSv1_3)
    assert task.speaks(ssl.TLSVersion.TLSv1_2)


@dataclass
class Steady:
    """GETs one after another, as long as nobody ends it."""

    statuses: list[int] = field(default_factory=list)

    async def run(self, client: aiohttp.ClientSession, ending: asyncio.Event) -> None:
        while not ending.is_set():
            async with client.get("/") as answer:
                await answer.read()
                self.statuses.append(answer.status)
            await asyncio.sleep(0.005)


async def test_users_that_take_turns_cost_no_request(
    start: Callable[..., Task], aws: Aws, postgres: Any
) -> None:
    """What the task was started with is good for nothing any more, and all sessions are ended at once."""
    aws.secret = {"username": "app_clone", "password": NEXT, "host": "elsewhere"}
    task = start()
    admin = await postgres.connect("evenly", "postgres")
    steady, ending = Steady(), asyncio.Event()
    async with task.client() as client:
        load = asyncio.create_task(steady.run(client, ending))
        await asyncio.sleep(0.2)
        await admin.execute(f"CREATE ROLE app_clone LOGIN IN ROLE app PASSWORD '{NEXT}'")
        await admin.execute("ALTER ROLE app NOLOGIN")
        try:
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'"
            )
            await asyncio.sleep(0.5)
            ending.set()
            await load
            users = await admin.fetch(
                "SELECT DISTINCT usename FROM pg_stat_activity WHERE usename LIKE 'app%'"
            )
        finally:
            task.process.kill()
            task.process.wait()
            await admin.execute("ALTER ROLE app LOGIN")
            await admin.execute("DROP ROLE app_clone")
            await admin.close()
    print(f"{len(steady.statuses)} requests, {aws.readings} reading(s) of the secret")
    assert set(steady.statuses) == {200}
    assert len(steady.statuses) > 20
    assert [it["usename"] for it in users] == ["app_clone"]
    assert aws.readings == 1
    assert NEXT not in task.log.read_text()
