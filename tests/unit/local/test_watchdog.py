"""The watchdog over a supervisor that is a shell script: how soon it starts another."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from evenly.local import watchdog

DEADLINE_S = 30
STARTS = 20  # would take a minute, if each were later than the one before


@contextlib.contextmanager
def held(home: Path, code: int) -> Iterator[Callable[[], int]]:
    """How many supervisors there were, each of which ends with `code` at once."""
    (home / "logs").mkdir()
    (home / "wanted").touch()
    (home / "starts").touch()
    program = home / "supervisor.sh"
    program.write_text(f"#!/bin/sh\necho started >> {home}/starts\nexit {code}\n")
    program.chmod(0o755)
    argv = [sys.executable, "-I", "-S", str(watchdog.__file__), str(home), str(program), "0", "none"]
    running = subprocess.Popen(argv)
    try:
        yield lambda: len((home / "starts").read_text().splitlines())
    finally:
        (home / "wanted").unlink()
        running.wait(DEADLINE_S)


def wait_for(starts: Callable[[], int], count: int) -> float:
    """How long it took, in seconds."""
    began = time.monotonic()
    while starts() < count:
        assert time.monotonic() - began < DEADLINE_S, f"{starts()} starts within {DEADLINE_S} s"
        time.sleep(0.05)
    return time.monotonic() - began


def test_a_supervisor_that_ends_on_purpose_is_followed_by_another_at_once(tmp_path: Path) -> None:
    with held(tmp_path, 0) as starts:
        wait_for(starts, STARTS)


def test_one_that_breaks_is_followed_by_another_later_and_later(tmp_path: Path) -> None:
    with held(tmp_path, 3) as starts:
        assert wait_for(starts, 5) > 0.04 + 0.08 + 0.16 + 0.32
