"""What is said while a command waits: the supervisor's journal, as it grows, in short sentences.

A thread of its own reads the journal and nothing else; it ends with the `with` block.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from evenly.local.journal import sentences_from

POLL_S = 0.05


@contextlib.contextmanager
def telling(journal: Path, say: Callable[[str], None]) -> Iterator[None]:
    """While the block runs, `say` each sentence of what is new in `journal`, with the seconds since its start."""
    ended = threading.Event()
    began = time.monotonic()
    thread = threading.Thread(target=_follow, args=(journal, _size(journal), say, began, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _follow(
    journal: Path, offset: int, say: Callable[[str], None], began: float, ended: threading.Event
) -> None:
    last = False
    while not last:
        last = ended.wait(POLL_S)  # and one more look after the end
        told, offset = sentences_from(journal, offset)
        for line in told:
            say(f"  {time.monotonic() - began:4.1f} s  {line}")


def _size(journal: Path) -> int:
    try:
        return journal.stat().st_size
    except OSError:
        return 0
