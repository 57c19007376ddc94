"""Secrets reach the app and nothing else; a program that speaks plain HTTP is reached by the balancer alone; one-off
commands run as the release would."""

import hashlib
import json
import os
import pty
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from evenly.local.privileges import account

PROGRAM = (Path(__file__).parent / "apps" / "socket_program.py").read_text()
SECRET = "sk_live_b7e151628aed2a6abf7158809cf4f3c7"
LATER = "sk_live_later_9ac39c2f8a1d"
OTHER = "not-named-by-the-manifest-4f1bbcdc"
MANIFEST = """
app: {command: [python3, program.py, "unix:$SOCKET"], protocol: http}
database: {migrations: db}
secrets: {STRIPE_KEY: /shop/stripe-key}
variables: {COLOUR: blue}
"""
SQL = "CREATE TABLE things (id bigint PRIMARY KEY);"
ASK = """
import asyncio, asyncpg, os, sys
async def ask():
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    print(await connection.fetchval("SELECT current_user"))
    await connection.execute(sys.argv[1])
asyncio.run(ask())
"""


def write_env(folder: Path, value: str) -> None:
    file = folder / ".env"
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(f"STRIPE_KEY={value}\nOTHER={OTHER}\n")


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture(scope="module")
def shop(make_shared):
    made = make_shared(MANIFEST, files={"program.py": PROGRAM, "db/0001_things.sql": SQL})
    write_env(made.folder, SECRET)
    made.told = made.up()
    return made


def test_the_app_gets_its_secret_and_no_other_line_of_the_file(shop):
    told = shop.get("/").json()
    assert told["secret"] == digest(SECRET)
    assert "OTHER" not in told["names"]
    assert {"DATABASE_URL", "PGPASSWORD", "COLOUR", "SOCKET"} <= set(told["names"])
    assert not {it for it in told["names"] if it.startswith("TLS_") or it in ("HOST", "PORT")}


def test_nothing_but_the_app_shows_a_secret(shop):
    """Looked for in all that was written and in every argument list, by every command's words too."""
    commands = (
        ["status"],
        ["status", "--json"],
        ["plan"],
        ["logs", "-n", "1000"],
        ["secrets", "list"],
        ["lint"],
    )
    told = [shop.told.stdout, shop.told.stderr]
    for words in (*commands, ["secrets", "list", "--json"], ["up", "--detach"], ["doctor"]):
        done = shop.run(*words)
        told += [done.stdout, done.stderr]
    arguments = [" ".join(it.info["cmdline"] or []) for it in psutil.process_iter(["cmdline"])]
    kept = [
        it
        for root in (shop.folder, shop.runtime)
        for it in root.rglob("*")
        if it.is_file() and not it.is_symlink()
    ]
    for value in (SECRET, OTHER):
        assert not [text for text in (*told, *arguments) if value in text]
        holders = {it.relative_to(shop.folder) for it in kept if value.encode() in it.read_bytes()}
        release = {Path(".evenly/local/releases/1/secrets.json")} if value == SECRET else set()
        assert holders == {Path(".env"), *release}
        assert {(shop.folder / it).stat().st_mode & 0o777 for it in holders} == {0o600}


def test_the_balancer_alone_reaches_an_instance(shop):
    """By a socket in a folder that is closed to other users; no port is listened on."""
    for instance in shop.instances():
        leader = psutil.Process(instance["pid"])
        assert not [it for it in leader.net_connections("inet") if it.status == psutil.CONN_LISTEN]
        address = Path(instance["address"])
        assert address.is_socket()
        assert (address.parent.stat().st_mode & 0o777, address.parent.stat().st_uid) == (0o700, os.geteuid())
        assert reaches(instance["address"])
    stranger = account(os.geteuid())
    if stranger is not None:  # only root can be somebody else
        code = f"import socket; socket.socket(socket.AF_UNIX).connect({instance['address']!r})"
        python = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
        done = subprocess.run(
            [python, "-c", code], user=stranger.uid, group=stranger.gid, cwd="/", capture_output=True
        )
        assert b"PermissionError" in done.stderr


def reaches(address: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(address) == 0


def test_an_edited_file_does_not_leak_into_what_runs(shop):
    write_env(shop.folder, LATER)
    try:
        listed = json.loads(shop.run("secrets", "list", "--json").stdout)
        assert [(it["name"], it["line"], it["state"]) for it in listed] == [("STRIPE_KEY", 1, "changed")]
        before = shop.serving
        os.kill(next(iter(before.values())), signal.SIGKILL)
        os.kill(shop.part_pids["supervisor"], signal.SIGKILL)
        shop.wait_for(lambda: len(shop.serving) == 2 and shop.serving != before, what="the replacement")
        shop.wait_healthy()
        assert {shop.get("/").json()["secret"] for _ in range(10)} == {digest(SECRET)}
        assert shop.run("run", "sh", "-c", 'echo "$STRIPE_KEY"').stdout.strip() == SECRET
    finally:
        write_env(shop.folder, SECRET)


def test_a_one_off_command_is_surrounded_as_the_app_is(shop):
    script = 'cat; pwd; echo "$COLOUR $EVENLY_RELEASE $EVENLY_ZONE"; echo told >&2; exit 7'
    done = shop.run("run", "sh", "-c", script, input="from the pipe\n")
    app = shop.home / "releases" / "1" / "app"
    assert done.stdout.splitlines() == ["from the pipe", str(app), "blue 1 local-a"]
    assert (done.stderr, done.returncode) == ("told\n", 7)


def test_only_the_owner_changes_the_schema(shop):
    words = (sys.executable, "-c", ASK, "ALTER TABLE things ADD COLUMN name text")
    refused = shop.run("run", "--", *words)
    assert refused.stdout.split() == ["app"]
    assert "must be owner of table things" in refused.stderr
    done = shop.run("run", "--as-owner", *words)
    assert (done.stdout.split(), done.returncode) == (["owner"], 0)


def test_a_program_of_the_projects_own_comes_first(shop):
    own = shop.folder / ".venv" / "bin" / "greet"
    own.parent.mkdir(parents=True)
    own.write_text("#!/bin/sh\necho the project\n")
    own.chmod(0o755)
    assert shop.run("run", "greet").stdout == "the project\n"
    missing = shop.run("run", "no-such-program")
    assert (missing.returncode, missing.stderr.splitlines()[0]) == (
        2,
        "evenly: no-such-program: there is no such program",
    )


def test_a_pipe_that_closes_ends_a_command_quietly(shop):
    with subprocess.Popen([*shop.command, "run", "yes"], stdout=subprocess.PIPE, **shop.options()) as yes:
        assert yes.stdout.readline() == b"y\n"
        yes.stdout.close()
        assert yes.wait(30) == -signal.SIGPIPE


def test_a_terminal_is_the_commands_own_and_so_is_ctrl_c(shop):
    """A pseudo-terminal: the command sees one, and Ctrl-C typed there reaches it alone."""
    script = "trap 'echo caught; exit 9' INT; test -t 0 && test -t 1 && echo terminal; while :; do sleep 0.05; done"
    terminal, inside = pty.openpty()
    command = ["setsid", "--ctty", *shop.command, "run", "sh", "-c", script]
    options = shop.options() | {"stdin": inside}
    with subprocess.Popen(command, stdout=inside, stderr=inside, **options) as run:
        os.close(inside)
        shown = read_until(terminal, b"terminal")
        os.write(terminal, b"\x03")
        shown += read_until(terminal, b"caught")
        assert run.wait(30) == 9
    os.close(terminal)


def read_until(terminal: int, word: bytes) -> bytes:
    shown = b""
    while word not in shown:
        shown += os.read(terminal, 1024)
    return shown


def test_down_ends_a_one_off_command_too_and_then_there_is_no_database_to_run_with(shop):
    runs = shop.start("run", "sleep", "600")
    shop.wait_for(lambda: shop.pids("run"), what="the command's start")
    shop.down()
    assert runs.wait(10) == -signal.SIGTERM
    done = shop.run("run", "true")
    assert done.returncode == 3
    assert "the database is down" in done.stderr
    shop.up()


def test_what_is_wrong_with_the_file_is_said_before_anything_starts(shop):
    shop.down()
    try:
        (shop.folder / ".env").chmod(0o644)
        done = shop.run("up", "--detach")
        assert (done.returncode, SECRET in done.stdout + done.stderr) == (3, False)
        assert "can be read by other users" in done.stderr
        assert done.stderr.strip().endswith("Try: chmod 600 .env")
        listed = shop.run("secrets", "list")
        assert (listed.returncode, "unread" in listed.stdout) == (3, True)
        assert shop.leftovers() == []
    finally:
        write_env(shop.folder, SECRET)


def test_a_secret_in_the_command_is_refused(make):
    made = make(
        'app: {command: [python3, program.py, "--key=$STRIPE_KEY"], protocol: http}\ndatabase: null\n'
        "secrets: {STRIPE_KEY: STRIPE_KEY}",
        files={"program.py": PROGRAM},
    )
    write_env(made.folder, SECRET)
    done = made.run("up", "--detach")
    assert (done.returncode, SECRET in done.stdout + done.stderr) == (2, False)
    assert "app.command: $STRIPE_KEY is a secret" in done.stderr


def test_plain_http_at_a_port_is_served_and_warned_of(make):
    made = make(
        "app: {command: [python3, program.py, $HOST], protocol: http}\ndatabase: null",
        files={"program.py": PROGRAM},
    )
    told = made.up()
    assert "warning: app.protocol: every user of this machine can reach the instances" in told.stderr
    assert {made.get("/").json()["instance"] for _ in range(20)} == {it["id"] for it in made.instances()}


def test_the_reference_web_service_serves_plain_http_on_a_socket(make):
    made = make("app: {protocol: http}")
    assert "warning" not in made.up().stderr
    assert made.posts("hello")["text"] == "hello"
    assert all(Path(it["address"]).is_socket() for it in made.instances())
