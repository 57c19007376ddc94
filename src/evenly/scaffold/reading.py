"""Reads what tells something of a project: its sources and the files of its tools, within bounds. Follows no link."""

import os
from collections.abc import Iterator
from pathlib import Path

from evenly.scaffold.found import Files

SUFFIXES = (".py", ".js", ".mjs", ".cjs", ".ts", ".sql", ".html")
NAMES = ("pyproject.toml", "package.json", "Procfile", "Dockerfile", "Pipfile", "setup.cfg")
PRESENT = ("package-lock.json",)  # that it is there says enough
LEFT_OUT = {"node_modules", "venv", "site-packages", "__pycache__", "build", "dist", "tests", "test"}
STATIC_FOLDERS = {"dist", "build"}
DEEPEST = 5
MOST_FILES = 2000
LARGEST_BYTES = 256 * 1024


def read(folder: Path) -> Files:
    """The telling files of `folder`, by their path in it. What cannot be read is left out."""
    files: Files = {}
    for path in _telling(folder):
        if len(files) == MOST_FILES:
            break
        text = _text(path)
        if text is not None:
            files[path.relative_to(folder).as_posix()] = text
    return files


def _telling(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        here = Path(place)
        depth = len(here.relative_to(folder).parts)
        folders[:] = sorted(name for name in folders if depth < DEEPEST and _may_tell(name, here == folder))
        if here != folder and here.name in STATIC_FOLDERS:
            folders.clear()
            names = [name for name in names if name == "index.html"]
        yield from (here / name for name in sorted(names) if _tells(name, here))


def _may_tell(folder: str, at_the_top: bool) -> bool:
    built = at_the_top and folder in STATIC_FOLDERS
    return built or not (folder.startswith(".") or folder in LEFT_OUT)


def _tells(name: str, here: Path) -> bool:
    if name.startswith("requirements") and name.endswith(".txt"):
        return True
    if name == "manifest.yml":
        return here.parent.name == "copilot"
    return name in NAMES or name in PRESENT or name.endswith(SUFFIXES)


def _text(path: Path) -> str | None:
    try:
        if path.name in PRESENT:
            return ""
        if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST_BYTES:
            return None
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
