"""The dashboard's process, as others see it: started once, found again, and told where to listen.

Its port and its token lie in the runtime folder, in a file of the user's own: a token in an argument list or in an
environment could be read by others.
"""

import contextlib
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import msgspec

from evenly.core.fleet import ProcessRef
from evenly.errors import StateError
from evenly.local import ports, processes, state
from evenly.local.faults import DRILL_ROLE
from evenly.local.inheritance import inherited
from evenly.local.paths import Paths
from evenly.local.processes import HOME_MARK, ROLE_MARK, Command
from evenly.local.recorded import known_settings
from evenly.local.settings import find_paths
from evenly.local.stopping import POLL_S, wait_until

DASHBOARD_ROLE = "dashboard"
VERSION = 1
HOST = "127.0.0.1"
TOKEN_BYTES = 32
READY_WITHIN_S = 20.0
ASK_S = 5.0  # a machine that is busy is no reason to start another


class Place(msgspec.Struct, frozen=True):
    """`dashboard.json`: where it listens, and what its URL begins with."""

    port: int
    token: str

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}/{self.token}/"


def open_dashboard(project: Path) -> str:
    """The URL of the dashboard of `project`, which is started if none runs. Raises StateError when the environment is
    down, or the dashboard does not come."""
    paths = find_paths(project)
    known_settings(paths)
    _check_up(paths)
    with _turn(paths):
        place = own_place(paths)
        if place is not None and running_dashboard(paths) and _answers(place):
            return place.url
        url = _started(paths, place).url
        _check_up(paths)
        return url


def _check_up(paths: Paths) -> None:
    if not paths.wanted.exists() or not paths.runtime.is_dir():
        _end_left(paths)  # one that was started while it was taken down
        raise StateError("the environment is down, so there is nothing to open", try_="evenly up")


def own_place(paths: Paths) -> Place | None:
    """Where the dashboard is to listen; `None` where none was asked for. A damaged file is kept aside."""
    try:
        return state.read(paths.dashboard, Place, VERSION)
    except state.DamagedError:
        return None


def running_dashboard(paths: Paths) -> ProcessRef | None:
    found = processes.mains(processes.find_marked(paths.home), DASHBOARD_ROLE)
    return found[0].process if found else None


def dashboard_command(paths: Paths, environ: Mapping[str, str]) -> Command:
    return Command(
        argv=(sys.executable, "-m", "evenly.dashboard", str(paths.home)),
        environment=_environment(paths, DASHBOARD_ROLE, environ),
        folder=paths.home,
        log=paths.logs / "dashboard.log",
    )


def drill_environment(paths: Paths, environ: Mapping[str, str]) -> dict[str, str]:
    """What a drill gets that the dashboard starts: `evenly down` finds it by that."""
    return _environment(paths, DRILL_ROLE, environ)


def _environment(paths: Paths, role: str, environ: Mapping[str, str]) -> dict[str, str]:
    python = {name: environ[name] for name in ("PYTHONPATH", "XDG_RUNTIME_DIR") if name in environ}
    return {**inherited(environ), **python, HOME_MARK: str(paths.home), ROLE_MARK: role}


def _started(paths: Paths, before: Place | None) -> Place:
    """A new one, at the same URL as before where its port is free, so that an open page finds it again."""
    _end_left(paths)
    place = before if before and ports.is_free(HOST, before.port) else _new_place()
    state.write(paths.dashboard, place, VERSION)
    _, child = processes.spawn(dashboard_command(paths, os.environ))
    if (
        not wait_until(lambda: child.poll() is not None or _answers(place), READY_WITHIN_S)
        or child.poll() is not None
    ):
        raise StateError(
            "the dashboard did not start", where=str(paths.logs / "dashboard.log"), try_="evenly doctor"
        )
    return place


def _end_left(paths: Paths) -> None:
    for left in processes.mains(processes.find_marked(paths.home), DASHBOARD_ROLE):
        processes.send(left.process, signal.SIGKILL)


def _new_place() -> Place:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        return Place(probe.getsockname()[1], secrets.token_urlsafe(TOKEN_BYTES))


def _answers(place: Place) -> bool:
    connection = HTTPConnection(HOST, place.port, timeout=ASK_S)
    try:
        connection.request("HEAD", f"/{place.token}/")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


@contextlib.contextmanager
def _turn(paths: Paths) -> Iterator[None]:
    """Two that open it at once: the second waits, and finds what the first has started."""
    refusal = StateError("another evenly open does not end", try_="Wait for it to end, then try again.")
    until = time.monotonic() + READY_WITHIN_S
    with contextlib.ExitStack() as held:
        while True:
            try:
                held.enter_context(state.lock(paths.dashboard_lock, refusal))
                break
            except StateError:
                if time.monotonic() > until:
                    raise
                time.sleep(POLL_S)
        yield
