"""Assets as zips: the code of our functions and the playbook of the hosts, from `assets/NAME/` beside this module.
Reads those folders; for an asset that needs packages it keeps their wheels in a folder that it is given, and asks pip
for what is missing there.

An asset's `requirements.txt` pins the wheels that go into its folder `wheels`, each by its hash. A line that begins
with `# pip: ` has options of `pip download`: for which Python and machine.

Same input, same bytes: entries in order, with one time and one mode, and stored, for what deflate makes depends on the
library it was built with.
"""

import hashlib
import io
import re
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from evenly.errors import StateError

FOLDER = Path(__file__).parents[1] / "assets"
REQUIREMENTS = "requirements.txt"
WHEELS = "wheels"
PLATFORM = "# pip: "
LEFT_OUT = ("__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache")
OLDEST = (1980, 1, 1, 0, 0, 0)  # a zip has no earlier one
MODE = stat.S_IFREG | 0o644
UNIX = 3  # the system of the entry, whose modes they are
DIGITS = 16  # of the sha256 in the key

Runner = Callable[[Sequence[str]], None]


class Bundle(Struct, frozen=True):
    """An asset as it is put into the bucket of artifacts. `parameter`: of the templates, which takes `key`."""

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def key(self) -> str:
        return f"assets/{self.name}-{self.sha256[:DIGITS]}.zip"

    @property
    def parameter(self) -> str:
        return f"{''.join(it.capitalize() for it in self.name.split('-'))}Code"


def asset_of(parameter: str, folder: Path = FOLDER) -> str | None:
    """The name of the asset that a parameter takes the key of: `door` for `DoorCode`. `None` for any other."""
    words = re.findall(r"[A-Z][a-z0-9]*", parameter.removesuffix("Code"))
    name = "-".join(words).lower()
    return name if parameter.endswith("Code") and name and (folder / name).is_dir() else None


def bundle(name: str, wheelhouse: Path, folder: Path = FOLDER, run: Runner | None = None) -> Bundle:
    """The asset `name`. `wheelhouse`: where wheels are kept from one run to the next. Raises StateError when those that
    it needs can't be had."""
    place = folder / name
    files = {path.relative_to(place).as_posix(): path.read_bytes() for path in sources(place)}
    for wheel in _wheels(place / REQUIREMENTS, wheelhouse, run or _run):
        files[f"{WHEELS}/{wheel.name}"] = wheel.read_bytes()
    return Bundle(name, zipped(files))


def sources(place: Path) -> list[Path]:
    """What belongs into the zip of a folder: no cache, and nothing hidden."""
    return sorted(
        path for path in place.rglob("*") if path.is_file() and not _is_left_out(path.relative_to(place))
    )


def _is_left_out(path: Path) -> bool:
    return any(part in LEFT_OUT or part.startswith(".") for part in path.parts)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of `files`, by their paths in it."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, OLDEST)
            entry.create_system = UNIX
            entry.external_attr = MODE << 16
            archive.writestr(entry, content)
    return made.getvalue()


def _wheels(requirements: Path, wheelhouse: Path, run: Runner) -> list[Path]:
    """Those that `requirements` pins by hash, in their order; none without such a file."""
    if not requirements.is_file():
        return []
    place = wheelhouse / hashlib.sha256(requirements.read_bytes()).hexdigest()[:DIGITS]
    if not place.is_dir():
        _download(requirements, place, run)
    return sorted(place.glob("*.whl"))


def _download(requirements: Path, place: Path, run: Runner) -> None:
    """All of them, or none: the folder is there when it is whole."""
    beside = place.with_name(f".{place.name}.new")
    beside.mkdir(parents=True, exist_ok=True)
    machine = [
        line.removeprefix(PLATFORM)
        for line in requirements.read_text().splitlines()
        if line.startswith(PLATFORM)
    ]
    words = [word for line in machine for word in line.split()]
    pinned = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--requirement", str(requirements)]
    run([*PIP, *words, *pinned, "--dest", str(beside)])
    beside.rename(place)


PIP = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["pip failed."]
        what = f"the packages that go with our functions and hosts could not be had: {said[-1]}"
        raise StateError(
            what,
            where="package",
            try_="They come from PyPI once, and are kept: look at the network, and pip.",
        )
