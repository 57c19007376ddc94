"""What a benchmark runs in: folders that go away, the environment of the peer, and a place to say what it does."""

import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.processes import RefusedError

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.txt"


@dataclass(frozen=True, slots=True)
class Room:
    """`own` is where the benchmarks' own environment is kept between runs. `say` gets one line at a time. `minutes` and
    `seed`: for those that last as long as they are told to, and choose by it."""

    own: Path
    say: Callable[[str], None]
    minutes: float = 10.0
    seed: int = 0

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """An empty folder with a short path, gone in the end."""
        with tempfile.TemporaryDirectory(prefix="evenly-bench-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            folder.chmod(0o755)  # as root, PostgreSQL runs as somebody else and has to get in
            yield folder

    def peer_python(self) -> Path:
        """The Python of an environment with bench/requirements.txt, made if need be."""
        return self.python("venv", REQUIREMENTS)

    def python(self, name: str, requirements: Path) -> Path:
        """The Python of the environment `name`, which has what `requirements` names, made if need be."""
        self.own.mkdir(exist_ok=True)
        (self.own / ".gitignore").write_text("*\n")
        python = self.own / name / "bin" / "python"
        made_of = self.own / ("made-of.txt" if name == "venv" else f"{name}-made-of.txt")
        wanted = requirements.read_text()
        if not (python.exists() and made_of.exists() and made_of.read_text() == wanted):
            self.say(f"making the environment of {requirements.name}")
            venv.create(self.own / name, with_pip=True, clear=True)
            _install(python, requirements)
            made_of.write_text(wanted)
        return python


def evenly() -> Path:
    """The `evenly` beside this Python. Raises RefusedError if it is not installed."""
    program = Path(sys.executable).with_name("evenly")
    if not program.exists():
        raise RefusedError("evenly is not installed beside this Python. Try: make bench")
    return program


def _install(python: Path, requirements: Path) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", "-r", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["pip failed."]
        raise RefusedError(f"{requirements.name} could not be installed: {lines[-1]}")
