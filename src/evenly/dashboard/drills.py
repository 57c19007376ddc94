"""Runs a drill as a process of its own, so that its load makes nobody's view late, and tells what comes of it.

The process ends, and puts right what it broke, when its standard input ends: with us, however we end.
"""

import asyncio
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from evenly.dashboard.course import (
    Course,
    Order,
    begun,
    ended,
    refuse_unless_possible,
    stopping,
    told,
)
from evenly.dashboard.frames import frame
from evenly.errors import StateError
from evenly.verify.drillresult import Drills
from evenly.verify.keeping import page_of
from evenly.verify.target import Facts

LONGEST_BYTES = 64 * 1024 * 1024  # of a result
END_S = 5.0


class Program(Struct, frozen=True):
    """How a drill is started. `command` of an order: its arguments; it prints `Drills` as JSON on stdout, and its
    timeline on stderr. `environment`: the whole of it."""

    command: Callable[[Order], tuple[str, ...]]
    environment: Mapping[str, str]
    folder: Path


class DrillRoom:
    """One drill at a time. `tell` hears of each change, as a frame. `reports`: the folder where they are kept."""

    def __init__(self, target: Facts, program: Program, reports: Path, tell: Callable[[bytes], None]) -> None:
        self._target = target
        self._program = program
        self._reports = reports
        self._tell = tell
        self._process: Process | None = None
        self._run: asyncio.Task[None] | None = None
        self._beginning = asyncio.Lock()
        self.course = Course()

    def frame(self) -> bytes:
        """Its state now."""
        return frame("drill", self.course)

    async def begin(self, order: Order) -> None:
        """Raises StateError when it can't begin now."""
        async with self._beginning:
            status = await asyncio.to_thread(self._target.status)
            production = self._target.is_production
            refuse_unless_possible(self.course, order, status, production=production)
            self._process = await self._start(order)
            self._change(begun(order))
            self._run = asyncio.create_task(self._follow(self._process))

    def stop(self) -> None:
        """Have it end, and put right what it broke. Raises StateError when none is under way."""
        if not self.course.is_under_way or self._process is None:
            raise StateError("no drill is under way", try_="evenly drill")
        if self.course != (asked := stopping(self.course)):  # a second signal would end it before it is done
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGINT)
            self._change(asked)

    async def close(self) -> None:
        """End what is under way, and wait for it a little."""
        if self._process is not None and self._run is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await asyncio.wait({self._run}, timeout=END_S)

    async def _start(self, order: Order) -> Process:
        try:
            return await asyncio.create_subprocess_exec(
                *self._program.command(order),
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                env=dict(self._program.environment),
                cwd=self._program.folder,
                start_new_session=True,
                limit=LONGEST_BYTES,
            )
        except OSError as error:
            raise StateError(f"the drill could not be started: {error.strerror}") from None

    async def _follow(self, process: Process) -> None:
        printed, _ = await asyncio.gather(_whole(process.stdout), self._tell_lines(process.stderr))
        result = _result(printed)
        code = await process.wait()
        page = page_of(self._reports, "drill", result.started_at) if result else None
        self._change(ended(self.course, code, result, f"./reports/{page}" if page else None))

    async def _tell_lines(self, stderr: asyncio.StreamReader | None) -> None:
        while stderr is not None and (line := await stderr.readline()):
            self._change(told(self.course, line.decode(errors="replace").strip()))

    def _change(self, course: Course) -> None:
        self.course = course
        self._tell(self.frame())


async def _whole(stdout: asyncio.StreamReader | None) -> bytes:
    return await stdout.read() if stdout is not None else b""


def _result(printed: bytes) -> Drills | None:
    try:
        return msgspec.json.decode(printed, type=Drills)
    except msgspec.MsgspecError:
        return None
