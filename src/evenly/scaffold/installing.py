"""What still has to be installed before a project runs. Looks for installed packages; imports none."""

import re
from importlib.metadata import distributions
from pathlib import Path
from shutil import which

from evenly.scaffold.found import Found, Runtime
from evenly.scaffold.images import servers

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*")


def missing(folder: Path, found: Found) -> tuple[str, ...]:
    """The commands that install what `folder` lists, where that is not there yet."""
    match found.runtime:
        case Runtime.PYTHON:
            return _python(folder, found)
        case Runtime.NODE if not (folder / "node_modules").is_dir():
            return ("npm ci" if (folder / "package-lock.json").is_file() else "npm install",)
    return ()


def _python(folder: Path, found: Found) -> tuple[str, ...]:
    text = _text(folder / "requirements.txt")
    beside = () if found.serve else servers(found, text)
    if not (text or beside) or _is_there(folder, found, text):
        return ()
    make = () if _has_venv(folder) else ("python3 -m venv .venv",)
    wanted = (*(("-r requirements.txt",) if text else ()), *(f"'{it}'" for it in beside))
    return (*make, f".venv/bin/pip install {' '.join(wanted)}")


def _is_there(folder: Path, found: Found, text: str) -> bool:
    """A program of the project's own, or else of the machine, finds its packages; what is served, Evenly's too."""
    own = _listed(text) <= _of_venv(folder)
    if found.serve:
        return _listed(text) <= _of_venv(folder) | {_normal(it.name) for it in distributions() if it.name}
    program = (found.command or ("",))[0]
    if _has_venv(folder):
        return own and (folder / ".venv/bin" / program).exists()
    return which(program) is not None


def _has_venv(folder: Path) -> bool:
    return (folder / ".venv/pyvenv.cfg").is_file()


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""


def _listed(text: str) -> set[str]:
    return {_normal(found[0]) for line in text.splitlines() if (found := _NAME.match(line.strip()))}


def _of_venv(folder: Path) -> set[str]:
    """By the names of the folders that installers leave."""
    found = folder.glob(".venv/lib/python*/site-packages/*.dist-info")
    return {_normal(it.name.removesuffix(".dist-info").rpartition("-")[0]) for it in found}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
