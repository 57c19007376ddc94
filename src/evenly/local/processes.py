"""Processes of this machine: start, watch, signal, and find them again. Touches the process table only.

Nothing that serves is tied to the life of whoever started it: each process leads a session of its own, and
is known by its pid and its start, so that another supervisor can adopt it. Every process carries
EVENLY_HOME and EVENLY_ROLE in its environment, by which even one that was never recorded is found.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

import psutil
from msgspec import Struct

from evenly.core.fleet import ProcessRef
from evenly.local.privileges import Account

HOME_MARK = "EVENLY_HOME"
ROLE_MARK = "EVENLY_ROLE"
INSTANCE_MARK = "EVENLY_INSTANCE_ID"
WORKER_MARK = "EVENLY_WORKER"
JOB_MARK = "EVENLY_JOB"
MEMBER_MARK = "EVENLY_MEMBER"
EPOCH_MARK = "EVENLY_EPOCH"
DIGEST_MARK = "EVENLY_DIGEST"
BASE_ID_MARK = "EVENLY_BASE_ID"
MARKS = (
    INSTANCE_MARK,
    WORKER_MARK,
    JOB_MARK,
    MEMBER_MARK,
    EPOCH_MARK,
    DIGEST_MARK,
    BASE_ID_MARK,
    "EVENLY_ZONE",
    "EVENLY_RELEASE",
    "HOST",
    "PORT",
    "SOCKET",
)
POLL_S = 0.1  # where the system has no pidfd


class Command(Struct, frozen=True):
    """What to start. `environment` is the whole of it, nothing is inherited. `log` gets stdout and stderr. `deaf_to`:
    signals that never reach it."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    account: Account | None = None
    deaf_to: frozenset[signal.Signals] = frozenset()


class Marked(Struct, frozen=True):
    """A running process that carries this environment's mark. `environment`: only our own variables."""

    role: str
    process: ProcessRef
    parent: int
    environment: Mapping[str, str]


def start_token(pid: int) -> str | None:
    """What tells this process from a later one with the same pid; `None` if it is gone (or a zombie)."""
    return _linux_start_token(pid) if sys.platform == "linux" else _portable_start_token(pid)


def reference(pid: int) -> ProcessRef | None:
    token = start_token(pid)
    return ProcessRef(pid, token) if token else None


def is_alive(process: ProcessRef) -> bool:
    return start_token(process.pid) == process.started


def main_thread_s(pid: int) -> float:
    """The processor time, in seconds, that the first thread of a process has had; 0 if it is gone. To the nanosecond
    where the system counts so, else to what it counts by: a hundredth of a second."""
    with contextlib.suppress(OSError, ValueError):
        if counted_ns := int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]):
            return counted_ns / 1e9
    with contextlib.suppress(psutil.Error, ValueError):
        first = min(psutil.Process(pid).threads(), key=lambda it: it.id)
        return first.user_time + first.system_time
    return 0.0


def spawn(command: Command) -> tuple[ProcessRef, "subprocess.Popen[bytes]"]:
    """Start `command` in a session of its own. Raises OSError when it can't be started."""
    account = command.account
    with _append(command.log) as log, _blocked(command.deaf_to):
        child = subprocess.Popen(
            command.argv,
            env=dict(command.environment),
            cwd=command.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    # A child that is not yet waited for keeps its pid, so the token is of this very process, or it is gone.
    return ProcessRef(child.pid, start_token(child.pid) or "gone"), child


def send(process: ProcessRef, number: signal.Signals, *, group: bool = True) -> bool:
    """Signal `process` and what it started in its session. False: it was gone."""
    if not is_alive(process):
        return False
    if group:
        with contextlib.suppress(ProcessLookupError):  # a one-off command has its place in another's session
            os.killpg(process.pid, number)
            return True
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, number)
        return True
    return False


def find_marked(home: Path) -> tuple[Marked, ...]:
    """Every running process that was started for the environment in `home`, whoever started it."""
    return tuple(_marked(str(home)))


def mains(marked: Iterable[Marked], role: str) -> tuple[Marked, ...]:
    """Those of `role` that were started by us, not by one of the same role: a program's own children go with it."""
    same = [it for it in marked if it.role == role]
    pids = {it.process.pid for it in same}
    return tuple(it for it in same if it.parent not in pids)


def end_rest(home: Path, id: str) -> None:
    """Kill what the instance, worker or job with this id has left behind when it ended."""
    for it in find_marked(home):
        if it.environment.get(INSTANCE_MARK) == id:
            send(it.process, signal.SIGKILL, group=False)


def _marked(home: str) -> Iterator[Marked]:
    own = os.getpid()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            environment = process.environ()
            known = reference(process.pid) if environment.get(HOME_MARK) == home else None
            if known and known.pid != own:
                yield Marked(
                    role=environment.get(ROLE_MARK, ""),
                    process=known,
                    parent=process.ppid(),
                    environment={name: environment[name] for name in MARKS if name in environment},
                )


def _linux_start_token(pid: int) -> str | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()
    except OSError:
        return None
    return None if fields[0] in (b"Z", b"X") else f"{_boot_id()}:{fields[19].decode()}"


def _portable_start_token(pid: int) -> str | None:
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE:
            return f"{process.create_time():.6f}"
    return None


def _descriptor(pid: int) -> int:
    """A pidfd, or -1 where the system has none. Raises OSError when the process is gone."""
    if sys.platform == "linux":
        return os.pidfd_open(pid)
    else:  # noqa: RET505  the type checker reads only one of the two
        return -1


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text()[:8]


@contextlib.contextmanager
def _blocked(signals: Iterable[signal.Signals]) -> Iterator[None]:
    """A child is born with its parent's mask, and keeps it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _append(log: Path) -> Iterator[IO[bytes]]:
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "ab") as file:
        yield file


class Watches:
    """Calls back, on the event loop, when a process ends: by pidfd where there is one, else by asking."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def add(
        self,
        process: ProcessRef,
        ended: Callable[[int | None], None],
        child: "subprocess.Popen[bytes] | None" = None,
    ) -> None:
        """`ended` gets the exit code: negative for a signal, `None` if the process is not our child."""
        if child is not None:
            self._children[process.pid] = child
        try:
            descriptor = _descriptor(process.pid)
        except OSError:
            self._loop.call_soon(self._end, process, ended)
            return
        if descriptor < 0 or not is_alive(process):
            self._poll(process, ended, descriptor)
        else:
            self._loop.add_reader(descriptor, self._readable, descriptor, process, ended)

    async def end_of(self, process: ProcessRef, child: "subprocess.Popen[bytes] | None" = None) -> None:
        """Wait until `process` has ended."""
        ended: asyncio.Future[None] = self._loop.create_future()
        self.add(process, lambda _: None if ended.done() else ended.set_result(None), child)
        await ended

    def _readable(self, descriptor: int, process: ProcessRef, ended: Callable[[int | None], None]) -> None:
        self._loop.remove_reader(descriptor)
        os.close(descriptor)
        self._end(process, ended)

    def _poll(self, process: ProcessRef, ended: Callable[[int | None], None], descriptor: int = -1) -> None:
        if descriptor >= 0:
            os.close(descriptor)
        if is_alive(process):
            self._loop.call_later(POLL_S, self._poll, process, ended)
        else:
            self._loop.call_soon(self._end, process, ended)

    def _end(self, process: ProcessRef, ended: Callable[[int | None], None]) -> None:
        child = self._children.pop(process.pid, None)
        ended(child.wait() if child is not None else None)
