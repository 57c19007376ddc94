"""Holds one part (balancer or database): adopts it, or starts it, and starts it again whenever it ends."""

import asyncio
import contextlib
import signal
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from evenly.core import parts
from evenly.core.fleet import ProcessRef
from evenly.core.parts import Part
from evenly.errors import EvenlyError
from evenly.local import processes
from evenly.local.processes import Command, Watches
from evenly.local.supervisor.endings import crash_facts, ending
from evenly.local.supervisor.journal import Journal


class PartKeeper:
    """`command` says what to start, after preparing its files. `wait_ready` returns when the part works.
    `changed` hears of every change of `part`. `facts`: what the journal says of it, where there is more than one."""

    def __init__(
        self,
        name: str,
        *,
        command: Callable[[], Awaitable[Command]],
        wait_ready: Callable[[], Awaitable[None]],
        changed: Callable[[], None],
        watches: Watches,
        journal: Journal,
        clock: Callable[[], float],
        facts: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self._facts = dict(facts or {})
        self.part = Part()
        self._command = command
        self._wait_ready = wait_ready
        self._changed = changed
        self._watches = watches
        self._journal = journal
        self._clock = clock
        self._ended = asyncio.Event()
        self._is_ready = asyncio.Event()
        self._code: int | None = None

    async def until_ready(self) -> None:
        """Wait until the part works, whatever happens before."""
        await self._is_ready.wait()

    def adopt(self, process: ProcessRef) -> None:
        self._journal.write(f"adopt-{self.name}", pid=process.pid, **self._facts)
        self.part = parts.started(self.part, process, self._clock())
        self._watch(process)

    def hand_over(self, process: ProcessRef) -> None:
        """Another process holds the part from now on. The one before is missed by nobody; of the new one's end
        `heard_end` is told."""
        self.part = parts.handed_over(process, self._clock())
        self._changed()

    def heard_end(self, process: ProcessRef, code: int | None) -> None:
        if self.part.process == process:
            self._code = code
            self._ended.set()

    async def run(self) -> None:
        """Hold the part for ever. Raises EvenlyError when it can't even be started for the first time."""
        while True:
            if self.part.process is None:
                await asyncio.sleep(max(0.0, self.part.start_at - self._clock()))
                if not await self._started():
                    continue
            await self._until_ready_or_ended()
            await self._ended.wait()
            self._note_end()

    def kill(self, why: str) -> None:
        """SIGKILL: it hangs. `run` then starts another."""
        if self.part.process is not None:
            self._journal.write(f"kill-{self.name}", why=why, **self._facts)
            processes.send(self.part.process, signal.SIGKILL)

    async def _started(self) -> bool:
        """Start it; where its files can't be written, on a full disk say, it is tried again later."""
        try:
            command = await self._command()
            process, child = processes.spawn(command)
        except OSError as error:
            why = f"could not be started: {error.strerror}: {error.filename}"
            self.part = parts.not_started(self.part, why, self._clock())
            self._journal.write(f"ended-{self.name}", why=why, **self._facts)
            self._changed()
            return False
        self.part = parts.started(self.part, process, self._clock())
        self._journal.write(f"start-{self.name}", pid=process.pid, why=self.part.why, **self._facts)
        self._watch(process, child)
        self._changed()
        return True

    def _watch(self, process: ProcessRef, child: "subprocess.Popen[bytes] | None" = None) -> None:
        self._ended = asyncio.Event()
        self._code = None
        self._watches.add(process, partial(self.heard_end, process), child)

    async def _until_ready_or_ended(self) -> None:
        ready = asyncio.ensure_future(self._wait_ready())
        ended = asyncio.ensure_future(self._ended.wait())
        await asyncio.wait((ready, ended), return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if not ready.done():
            ready.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ready
        elif (error := ready.exception()) is None:
            self.part = parts.ready(self.part)
            self._is_ready.set()
            self._journal.write(f"ready-{self.name}", **self._facts)
            self._changed()
        elif not isinstance(error, EvenlyError):
            raise error
        else:
            self.kill(error.what)

    def _note_end(self) -> None:
        ran_s = self._clock() - self.part.started_at
        why = ending(self._code, ran_s)
        self.part = parts.ended(self.part, why, self._clock())
        self._is_ready.clear()
        self._journal.write(f"ended-{self.name}", why=why, **self._facts, **crash_facts(self.name, ran_s))
        self._changed()
