"""Runs a load from the command line: a line of how it goes, and Ctrl-C, which ends it early."""

import asyncio
import contextlib
import gc
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from math import ceil

from msgspec import Struct
from msgspec.structs import replace

from evenly.cli.loadtext import progress_line
from evenly.verify.load import LoadPlan, LoadResult, send
from evenly.verify.meter import Meter
from evenly.verify.scenario import Scenario

REFRESH_S = 0.2
BEFORE_OTHERS = -10  # niceness: what measures goes before what is measured, where that is allowed
SPARE_S, MOST_SPARE = (
    0.1,
    200,
)  # connections for the requests of so long: opening them all at the start takes longer
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Loaded(Struct, frozen=True):
    """`started_at`: when the first request was due."""

    started_at: datetime
    result: LoadResult
    interrupted: bool


def run_load(plan: LoadPlan, scenario: Scenario | None, show: Callable[[str], None] | None) -> Loaded:
    """Send it. The first Ctrl-C ends it early, the second at once, as KeyboardInterrupt. `show` gets a line of how it
    goes, a few times a second. Raises UsageError as `send` does."""
    _prepare()
    spare = min(MOST_SPARE, ceil(SPARE_S * max(stage.rate for stage in plan.stages)))
    return asyncio.run(_run(replace(plan, connections=spare), scenario, show))


async def _run(plan: LoadPlan, scenario: Scenario | None, show: Callable[[str], None] | None) -> Loaded:
    stop = asyncio.Event()
    meter = Meter()
    with _ending(stop):
        telling = asyncio.create_task(_show(meter, plan, show)) if show else None
        try:
            result = await send(plan, stop, tell=meter.tell if show else None, scenario=scenario)
        finally:
            if telling:
                telling.cancel()
    ago = timedelta(seconds=time.monotonic() - result.started_s)
    return Loaded(datetime.now(UTC) - ago, result, stop.is_set())


async def _show(meter: Meter, plan: LoadPlan, show: Callable[[str], None]) -> None:
    began = time.monotonic()
    whole_s = sum(stage.duration_s for stage in plan.stages)
    while True:
        await asyncio.sleep(REFRESH_S)
        past_s = time.monotonic() - began
        show(progress_line(meter.read(past_s), past_s, whole_s))


@contextlib.contextmanager
def _ending(stop: asyncio.Event) -> Iterator[None]:
    """Inside of the block the first signal that ends a program sets `stop`; after it they do what they always do."""
    loop = asyncio.get_running_loop()

    def once() -> None:
        stop.set()
        give_back()

    def give_back() -> None:
        for number in ENDING:
            loop.remove_signal_handler(number)

    for number in ENDING:
        loop.add_signal_handler(number, once)
    try:
        yield
    finally:
        give_back()


def _prepare() -> None:
    """As many connections as the system allows; in time, where that is allowed; and no collection looks at what was
    imported."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with contextlib.suppress(OSError, ValueError):  # macOS allows less than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, BEFORE_OTHERS)
    gc.freeze()
