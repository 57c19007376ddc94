"""`python -m evenly.local.supervisor HOME`: the supervisor's process. Started by the watchdog."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path

from evenly.errors import EvenlyError, StateError
from evenly.local import state
from evenly.local.settings import find_paths
from evenly.local.supervisor.composition import hold


def main(home: str) -> int:
    """0: ended by SIGTERM, or another supervisor is at work. 3: this environment can't be held."""
    paths = find_paths(Path(home).parent.parent)
    try:
        with state.lock(paths.supervisor_lock, StateError("another supervisor holds this environment")):
            asyncio.run(_until_terminated(hold(paths)))
    except EvenlyError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    return 0


async def _until_terminated(work: Coroutine[None, None, None]) -> None:
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
