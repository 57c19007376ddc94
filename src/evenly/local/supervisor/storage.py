"""When files can't be written: what is not kept is said and tried again, and nothing ends by it.

A full disk takes the supervisor's own log as well, so not even saying it may raise.
"""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from evenly.local.paths import Paths
from evenly.local.settings import find_data_folders, timestamp_now

LITTLE_BYTES = 64 * 1024 * 1024


@contextlib.contextmanager
def keeping(what: str) -> Iterator[None]:
    """What can't be written inside, on a full disk say, is said, and ends nothing."""
    try:
        yield
    except OSError as error:
        not_kept(what, error)


def not_kept(what: str, error: OSError) -> None:
    """Say in the supervisor's log that `what` could not be written."""
    with contextlib.suppress(OSError):
        print(f"{timestamp_now()} {what} could not be written: {error}", file=sys.stderr)  # noqa: T201


def storage_notices(paths: Paths) -> tuple[str, ...]:
    """What a person has to do so that state and data can be written, a sentence for each place."""
    places = {it.stat().st_dev: it for it in (*find_data_folders(paths), paths.home)}
    return tuple(told for it in places.values() if (told := _notice(it)))


def _notice(folder: Path) -> str | None:
    if not os.access(folder, os.W_OK):
        return f"{folder} can't be written to: what runs goes on, and nothing that changes is kept. Make it writable."
    if (free := shutil.disk_usage(folder).free) < LITTLE_BYTES:
        return f"Only {free // 1024**2} MiB are free for {folder}: make room, or no instance can be replaced."
    return None
