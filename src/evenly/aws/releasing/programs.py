"""Runs a program of this machine: what it is told on stdin, its exit code, and the last that it said."""

import shutil
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence

from msgspec import Struct

from evenly.core.secret import Secret

KEPT_LINES = 20


class Ran(Struct, frozen=True):
    """`last`: lines of stdout and stderr."""

    code: int
    last: tuple[str, ...]


class Programs:
    """Those of PATH. `environ`: in which they run."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = dict(environ)

    def has(self, name: str) -> bool:
        return shutil.which(name, path=self._environ.get("PATH")) is not None

    def run(self, argv: Sequence[str], said: Secret | None = None) -> Ran:
        """To its end. `said`: on stdin. Raises OSError where it can't be started."""
        lines: deque[str] = deque(maxlen=KEPT_LINES)
        program = shutil.which(argv[0], path=self._environ.get("PATH")) or argv[0]
        with subprocess.Popen(
            (program, *argv[1:]),
            env=self._environ,
            stdin=subprocess.PIPE if said else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as running:
            if running.stdin and said:
                _tell(running, said)
            for line in running.stdout or ():
                lines.append(line.rstrip())
        return Ran(running.returncode, tuple(it for it in lines if it))


def _tell(running: "subprocess.Popen[str]", said: Secret) -> None:
    """A program that does not listen has ended, and its exit code says more."""
    if running.stdin is None:
        return
    try:
        running.stdin.write(said.reveal())
        running.stdin.close()
    except BrokenPipeError:
        pass
