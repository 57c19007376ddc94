"""The dashboard's own process, without an environment around it."""

import asyncio
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.dashboard_world import TOKEN, FakeTarget, free_port, program
from tests.functional.dashboard.reading import watching

from evenly.dashboard.app import make_dashboard
from evenly.dashboard.guard import Door
from evenly.dashboard.serving import serve
from evenly.errors import StateError

SERVES = """
import asyncio, sys
from pathlib import Path
from tests.dashboard_world import TOKEN, FakeTarget, program
from evenly.dashboard.app import make_dashboard
from evenly.dashboard.guard import Door
from evenly.dashboard.serving import serve_until_signal
port, folder = int(sys.argv[1]), Path(sys.argv[2])
target = FakeTarget()
target.happen("x" * 8_000_000)
made = make_dashboard(target, Door(port, TOKEN), program("", folder), folder)
asyncio.run(serve_until_signal(made, port))
"""
ROOT = Path(__file__).parents[3]


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_port_that_is_taken_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        door = Door(taken.getsockname()[1], "token")
        made = make_dashboard(FakeTarget(), door, program("", tmp_path), tmp_path)  # type: ignore[arg-type]
        with pytest.raises(StateError, match=rf"127\.0\.0\.1 port {door.port}: Address already in use"):
            asyncio.run(asyncio.wait_for(serve(made, door.port, asyncio.Event()), 10))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_viewers_or_not(tmp_path: Path, number: signal.Signals) -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", SERVES, str(port), str(tmp_path)], cwd=ROOT, stderr=subprocess.PIPE
    )
    try:
        url = Door(port, TOKEN).url
        until = time.monotonic() + 30
        while not listens(port):
            assert time.monotonic() < until and process.poll() is None
            time.sleep(0.05)
        with watching(url) as stream, watching(url) as stuck:
            stream.until("view")
            stuck.stop_reading()
            began = time.monotonic()
            process.send_signal(number)
            while stream.next() is not None:
                pass
            assert process.wait(10) == 0
            assert time.monotonic() - began < 5
        assert process.stderr is not None and process.stderr.read() == b""
    finally:
        process.kill()
        process.communicate()
