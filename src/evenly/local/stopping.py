"""Takes an environment's processes down, whatever state they are in: the same way whether its supervisor lives,
was killed, or left half a start behind. Data stays."""

import shutil
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import msgspec
from msgspec import Struct

from evenly.core.fleet import ProcessRef
from evenly.errors import EvenlyError, StateError
from evenly.local import processes
from evenly.local.balancer import hot
from evenly.local.paths import Paths
from evenly.local.postgres import STOP_AT_ONCE, STOP_FAST, holders
from evenly.local.settings import find_data_folders
from evenly.local.supervisor.record import read_record

POLL_S = 0.01
BALANCER_STOP_S = 2.0
APP_ROLES = ("instance", "worker", "job", "run")
APP_STOP_S = 10.0
DATABASE_STOP_S = 30.0
WATCHDOG_STOP_S = 1.0
DASHBOARD_STOP_S = 10.0  # it waits for its drill
DRILL_STOP_S = 5.0
KILLED_S = 5.0


class Stopped(Struct, frozen=True):
    """What was stopped: by role, how many processes."""

    by_role: dict[str, int]


def stop_everything(paths: Paths) -> Stopped:
    """Stop all of the environment's processes and remove its sockets. Raises StateError if one stays.

    Without `wanted` the watchdog starts no other supervisor, and stays to the last to bury the dead.
    """
    paths.wanted.unlink(missing_ok=True)
    supervisors = _stop(_running(paths, ("supervisor",))["supervisor"], (), 0)
    base_ids = _base_ids(paths)
    running = _running(paths, ("balancer", *APP_ROLES, "database", "watchdog"))
    balancers = _stop(running["balancer"], (signal.SIGINT,), BALANCER_STOP_S)  # it may be deaf to SIGTERM
    _stop([it for role in APP_ROLES for it in running[role]], (signal.SIGTERM,), APP_STOP_S)
    counts = {
        "balancer": balancers,
        **{role: len(running[role]) for role in APP_ROLES},
        "database": _stop(running["database"], (STOP_FAST, STOP_AT_ONCE), DATABASE_STOP_S),
        "supervisor": supervisors,
        "watchdog": len(running["watchdog"]),
    }
    _await_free_data(paths)
    _wait_gone(running["watchdog"], WATCHDOG_STOP_S)
    _stop([it.process for it in processes.find_marked(paths.home)], (), 0)
    hot.forget({*hot.base_ids(paths.key), *base_ids})
    shutil.rmtree(paths.runtime, ignore_errors=True)
    paths.record.unlink(missing_ok=True)
    paths.drill.unlink(missing_ok=True)
    return Stopped({role: count for role, count in counts.items() if count})


def stop_dashboard(paths: Paths) -> int:
    """Stop the dashboard, and a drill that it has begun, which puts right what it broke while a supervisor is there to
    do it. How many dashboards that were."""
    running = _running(paths, ("dashboard", "drill"))
    stopped = _stop(running["dashboard"], (signal.SIGTERM,), DASHBOARD_STOP_S)
    _stop(running["drill"], (signal.SIGTERM,), DRILL_STOP_S)
    return stopped


def _base_ids(paths: Paths) -> tuple[int, ...]:
    """What the balancers that run share memory by."""
    said = (it.environment.get(processes.BASE_ID_MARK) for it in processes.find_marked(paths.home))
    return tuple({int(it) for it in said if it})


def _running(paths: Paths, roles: Iterable[str]) -> dict[str, list[ProcessRef]]:
    marked = processes.find_marked(paths.home)
    return {
        role: list(
            dict.fromkeys([*(it.process for it in processes.mains(marked, role)), *_recorded(paths, role)])
        )
        for role in roles
    }


def _recorded(paths: Paths, role: str) -> Iterable[ProcessRef]:
    """What the record names and still runs, for a program that wiped its environment."""
    try:
        record = read_record(paths)
    except (EvenlyError, msgspec.MsgspecError):
        return []
    if record is None:
        return []
    named = {
        "balancer": [record.balancer],
        "database": [record.database, record.standby],
        "instance": [it.process for it in record.fleet.instances],
        "worker": [it.process for crew in record.workers.values() for it in crew.instances],
    }
    return [it for it in named.get(role, []) if it is not None and processes.is_alive(it)]


def _stop(found: Sequence[ProcessRef], politely: Sequence[signal.Signals], within_s: float) -> int:
    """Each of the signals in turn, with an equal part of the time; SIGKILL for what is left."""
    for number in politely:
        for process in found:
            processes.send(process, number)
        if _wait_gone(found, within_s / len(politely)):
            break
    for process in found:
        processes.send(process, signal.SIGKILL)
    if not _wait_gone(found, KILLED_S):
        left = ", ".join(str(it.pid) for it in found if processes.is_alive(it))
        raise StateError(f"these processes do not end: {left}", try_="Run `evenly down` again.")
    return len(found)


def _wait_gone(found: Iterable[ProcessRef], within_s: float) -> bool:
    return wait_until(lambda: not any(processes.is_alive(it) for it in found), within_s)


def _await_free_data(paths: Paths) -> None:
    """A killed postmaster's children take a moment to notice."""
    for data in find_data_folders(paths):
        wait_until(partial(_is_free, data), KILLED_S)


def _is_free(data: Path) -> bool:
    return not holders(data)


def wait_until(condition: Callable[[], bool], within_s: float) -> bool:
    """Ask until `condition` holds; whether it did within `within_s` seconds."""
    until = time.monotonic() + within_s
    while not condition():
        if time.monotonic() >= until:
            return False
        time.sleep(POLL_S)
    return True
