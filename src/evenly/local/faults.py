"""Faults put into the local environment on purpose, and taken out again.

What does not heal by itself is written down before it is broken (`drill.json`), with the process that broke it: when
that is gone, the next command puts it right.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Literal

import psutil
from msgspec import Struct

from evenly.core.facts import NotPossibleError
from evenly.core.fleet import ProcessRef, find
from evenly.errors import StateError
from evenly.local import control, processes, state
from evenly.local.control import AskStatus, NotRunningError, SetZone
from evenly.local.inheritance import inherited
from evenly.local.paths import Paths
from evenly.local.processes import HOME_MARK, INSTANCE_MARK, ROLE_MARK, Command
from evenly.local.recorded import running_supervisor
from evenly.local.stopping import wait_until
from evenly.local.supervisor.record import Record, read_record

DRILL_ROLE = "drill"
VERSION = 1
IN_PLACE_S = 5.0


class Broken(Struct, frozen=True):
    """Something that is broken now, and does not heal by itself. `name`: the instance's id or the zone's name."""

    what: Literal["hang", "slow", "zone"]
    name: str
    by: ProcessRef


class LocalFaults:
    """The faults of the environment at `paths`."""

    def __init__(self, paths: Paths) -> None:
        self._where = paths

    def kill_instance(self, id: str) -> None:
        self._signal_instance(id, signal.SIGKILL)

    def hang_instance(self, id: str) -> None:
        with self._written_down("hang", id):
            self._signal_instance(id, signal.SIGSTOP)

    def resume_instance(self, id: str) -> None:
        _resume(self._where, id)
        self._crossed_out("hang", id)

    def slow_instance(self, id: str, delay_ms: int) -> None:
        _end_slowing(self._where, id)
        if delay_ms <= 0:
            _resume(self._where, id)
            self._crossed_out("slow", id)
            return
        with self._written_down("slow", id):
            self._begin_slowing(id, delay_ms)

    def lose_zone(self, name: str) -> None:
        with self._written_down("zone", name):
            control.ask(self._where.control_socket, SetZone(name, available=False))

    def return_zone(self, name: str) -> None:
        _return_zone(self._where, name)
        self._crossed_out("zone", name)

    def restart_database(self) -> None:
        """A crash: SIGKILL of the postmaster. It is harder than a restart, and shows all that one does."""
        self._kill("database", self._record().database, group=False)

    def fail_database_over(self) -> None:
        """The primary's end, on which its standby takes its place. Raises StateError where there is none to."""
        members = control.ask(self._where.control_socket, AskStatus()).status.database_members
        if not any(it.in_sync for it in members):
            raise StateError("the database has no standby in sync, so it is not broken", try_="evenly status")
        self._kill("database", self._record().database, group=False)

    def kill_balancer(self) -> None:
        self._kill("balancer", self._record().balancer)

    def kill_supervisor(self) -> None:
        self._kill("supervisor", running_supervisor(self._where))

    @contextlib.contextmanager
    def only_drill(self) -> Iterator[None]:
        """Hold the environment for one drill. Raises StateError while another one runs."""
        refusal = StateError("another drill is under way in this environment", try_="Wait for it to end.")
        with state.lock(self._where.drill_lock, refusal):
            yield

    def restore(self) -> tuple[str, ...]:
        """Put right what a drill that is gone has left broken; what that was, as phrases."""
        return restore(self._where)

    # --- how

    def _signal_instance(self, id: str, number: signal.Signals) -> None:
        self._send(f"instance {id}", self._instance(id), number)

    def _kill(self, name: str, process: ProcessRef | None, *, group: bool = True) -> None:
        self._send(f"the {name}", process, signal.SIGKILL, group=group)

    def _send(
        self, name: str, process: ProcessRef | None, number: signal.Signals, *, group: bool = True
    ) -> None:
        if process is None or not processes.send(process, number, group=group):
            raise StateError(f"{name} does not run, so it can't be broken", try_="evenly status")

    def _instance(self, id: str) -> ProcessRef | None:
        found = find(self._record().fleet, id)
        return found.process if found else None

    def _record(self) -> Record:
        record = read_record(self._where)
        if record is None:
            raise NotRunningError
        return record

    def _begin_slowing(self, id: str, delay_ms: int) -> None:
        process = self._instance(id)
        if process is None:
            raise StateError(f"instance {id} does not run, so it can't be broken", try_="evenly status")
        _, child = processes.spawn(slowing_command(self._where, id, process, delay_ms))
        if not wait_until(lambda: _stands_still(process) or child.poll() is not None, IN_PLACE_S):
            raise StateError(f"instance {id} could not be made slow")

    @contextlib.contextmanager
    def _written_down(self, what: Literal["hang", "slow", "zone"], name: str) -> Iterator[None]:
        """It is known to be broken before it is; what could not be broken is crossed out again."""
        by = processes.reference(os.getpid())
        if by is None:
            raise NotPossibleError("This process can't be told apart from a later one.")
        self._crossed_out(what, name)
        _write(self._where, (*read_broken(self._where), Broken(what, name, by)))
        try:
            yield
        except BaseException:
            self._crossed_out(what, name)
            raise

    def _crossed_out(self, what: str, name: str) -> None:
        _keep(self._where, lambda it: (it.what, it.name) != (what, name))


def read_broken(paths: Paths) -> tuple[Broken, ...]:
    """What is broken on purpose, as far as it does not heal by itself."""
    return state.read(paths.drill, tuple[Broken, ...], VERSION) or ()


def restore(paths: Paths) -> tuple[str, ...]:
    """Put right what was broken by processes that are gone; what that was, as phrases."""
    left = [it for it in read_broken(paths) if not processes.is_alive(it.by)]
    told = tuple(_restored(paths, it) for it in left)
    if left:
        _keep(paths, lambda it: it not in left)
    return told


def slowing_command(paths: Paths, id: str, process: ProcessRef, delay_ms: int) -> Command:
    return Command(
        argv=(
            sys.executable,
            "-m",
            "evenly.local.slowing",
            str(process.pid),
            process.started,
            str(delay_ms),
            str(os.getpid()),
        ),
        environment={
            **inherited(),
            **({"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}),
            HOME_MARK: str(paths.home),
            ROLE_MARK: DRILL_ROLE,
            INSTANCE_MARK: id,
        },
        folder=paths.home,
        log=paths.logs / "drill.log",
    )


def _restored(paths: Paths, it: Broken) -> str:
    match it.what:
        case "zone":
            with contextlib.suppress(StateError):  # nothing runs: the next `up` begins with all zones
                _return_zone(paths, it.name)
            return f"zone {it.name} returns"
        case "slow":
            _end_slowing(paths, it.name)
    _resume(paths, it.name)
    return f"instance {it.name} runs on"


def _return_zone(paths: Paths, name: str) -> None:
    control.ask(paths.control_socket, SetZone(name, available=True))


def _resume(paths: Paths, id: str) -> None:
    record = read_record(paths)
    found = find(record.fleet, id) if record else None
    if found and found.process:
        processes.send(found.process, signal.SIGCONT)


def _end_slowing(paths: Paths, id: str) -> None:
    slowing = [it.process for it in _slowing(paths, id)]
    for process in slowing:
        processes.send(process, signal.SIGTERM)
    wait_until(lambda: not any(processes.is_alive(it) for it in slowing), IN_PLACE_S)


def _slowing(paths: Paths, id: str) -> Iterator[processes.Marked]:
    marked = processes.find_marked(paths.home)
    return (it for it in marked if it.role == DRILL_ROLE and it.environment.get(INSTANCE_MARK) == id)


def _stands_still(process: ProcessRef) -> bool:
    try:
        return psutil.Process(process.pid).status() == psutil.STATUS_STOPPED
    except psutil.Error:
        return False


def _keep(paths: Paths, wanted: Callable[[Broken], bool]) -> None:
    broken = read_broken(paths)
    left = tuple(filter(wanted, broken))
    if left != broken:
        _write(paths, left)


def _write(paths: Paths, broken: tuple[Broken, ...]) -> None:
    if broken:
        state.write(paths.drill, broken, VERSION)
    else:
        paths.drill.unlink(missing_ok=True)
