"""Processes and ports for the benchmarks: run, stop, wait, and what they have cost in CPU time and memory."""

import http.client
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil

ANSWERS_WITHIN_S = 60.0
POLL_S = 0.01


class RefusedError(Exception):
    """A benchmark can't run here: one sentence that says why and what to do."""


def free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def stop(process: "subprocess.Popen[bytes]", within_s: float = 10.0) -> None:
    """SIGINT, which each part of the stack takes for a fast and clean stop; SIGKILL if that is not heard."""
    if process.poll() is not None:
        return
    process.send_signal(2)
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for_200(url: str, ca_file: Path, within_s: float = ANSWERS_WITHIN_S) -> float:
    """Ask every 10 ms until the answer is a 200; the monotonic time of that answer, in seconds.

    `ca_file` may not exist yet. Raises RefusedError when no 200 came in time.
    """
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if status(url, ca_file) == 200:
            return time.monotonic()
        time.sleep(POLL_S)
    raise RefusedError(f"{url} gave no 200 within {within_s:g} s.")


def wait_for_listener(port: int, within_s: float = ANSWERS_WITHIN_S) -> None:
    """Return once something takes connections on this port of 127.0.0.1."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(POLL_S)
    raise RefusedError(f"Nothing listens on port {port} after {within_s:g} s.")


def status(url: str, ca_file: Path) -> int | None:
    """The status of one verified request by a connection of its own; `None` if there was no answer."""
    address = urlsplit(url)
    with suppress(OSError, http.client.HTTPException):
        trust = ssl.create_default_context(cafile=ca_file)
        connection = http.client.HTTPSConnection(
            address.hostname or "", address.port, timeout=5, context=trust
        )
        try:
            connection.request("GET", address.path, headers={"Accept": "application/json"})
            return connection.getresponse().status
        finally:
            connection.close()
    return None


def usable_cores() -> tuple[int, ...]:
    """The cores that this process may run on; one where the system does not say, so that none is assigned."""
    return tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else (0,)


@contextmanager
def on_cores(cores: Iterable[int]) -> Iterator[None]:
    """What is started meanwhile runs on these cores alone, where the system lets them be assigned."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(pids: Iterable[int], *, with_children: bool = True) -> float:
    """User and system time so far of these processes, and of those they have started and that still run."""
    total = 0.0
    for process in _trees(pids) if with_children else map(psutil.Process, pids):
        with suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def resident_mb(pid: int) -> float:
    return psutil.Process(pid).memory_info().rss / 1e6


def _trees(pids: Iterable[int]) -> set[psutil.Process]:
    found: set[psutil.Process] = set()
    for pid in pids:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            found |= {process, *process.children(recursive=True)}
    return found
