"""A load from a process of its own, so that nothing that is done beside it makes it late: both sides of it.

    python -m evenly.verify.sending

reads one line, the plan, and writes one when it begins. It sends until standard input ends, so also when whoever
started it is gone; then it writes what came of it.
"""

import asyncio
import contextlib
import gc
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import msgspec

from evenly.errors import StateError
from evenly.verify._loop import punctual_loop
from evenly.verify._outcomes import Outcome
from evenly.verify.drilling import Sent
from evenly.verify.drillresult import Kind
from evenly.verify.load import LoadPlan, send

BEFORE_OTHERS = -10  # niceness
MOST_CONNECTIONS = 1000
READY = b"ready\n"


class _Flow:
    """A load in a child process."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self._child = child

    async def begin(self, plan: LoadPlan) -> None:
        if self._child.stdin and self._child.stdout:
            self._child.stdin.write(msgspec.json.encode(plan, enc_hook=str) + b"\n")
            if await self._child.stdout.readline() == READY:
                return
        await self.finish()
        raise StateError("the load's sender could not begin")

    async def finish(self) -> Sent:
        """Raises StateError when the sender ended without a result."""
        told, why = await self._child.communicate(b"")  # its end is what ends the load
        if self._child.returncode != 0:
            last = why.decode(errors="replace").strip().rpartition("\n")[2]
            raise StateError(
                f"the load's sender ended early, so nothing was measured: {last or 'it was killed'}"
            )
        return msgspec.msgpack.decode(told, type=Sent)


@contextlib.asynccontextmanager
async def sending(plan: LoadPlan) -> AsyncIterator[_Flow]:
    """The load begins; it is ended with the block. Raises StateError when it can't begin."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "evenly.verify.sending",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for whoever drills
    )
    flow = _Flow(child)
    try:
        await flow.begin(plan)
        yield flow
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()


def drill_load(
    url: str, ca_file: Path | None, rate: float
) -> Callable[[Kind, float], AbstractAsyncContextManager[_Flow]]:
    """The load of drills: `rate` requests a second, and for a stall of a second a connection each.

    Not where the balancer dies: it takes all connections with it, and to bury that many at once makes the sender late.
    """

    def begin(kind: Kind, most_s: float) -> AbstractAsyncContextManager[_Flow]:
        spare = 0 if kind is Kind.BALANCER else min(round(rate), MOST_CONNECTIONS)
        return sending(LoadPlan(url, rate, most_s, ca_file=ca_file, connections=spare))

    return begin


def main() -> None:
    plan = msgspec.json.decode(sys.stdin.buffer.readline(), type=LoadPlan, dec_hook=_path)
    _go_first()
    gc.disable()  # a collection took up to 100 ms; what it would free in the minute of a drill is little
    with asyncio.Runner(loop_factory=punctual_loop) as runner:
        sent = runner.run(_sent(plan))
    sys.stdout.buffer.write(msgspec.msgpack.encode(sent))


def _go_first() -> None:
    """What measures goes before what is measured, where that is allowed: Linux weighs sessions, then processes."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, BEFORE_OTHERS)
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(BEFORE_OTHERS))


async def _sent(plan: LoadPlan) -> Sent:
    over = asyncio.Event()
    outcomes: list[Outcome] = []
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), over.set)
    load = await send(plan, over, tell=outcomes.append, begins=_say_ready)
    return Sent(load, tuple(outcomes))


def _say_ready() -> None:
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()


def _path(_kind: Any, text: Any) -> Path:
    return Path(text)


if __name__ == "__main__":
    main()
