"""Finds checks: ours, a module each in `evenly.verify.checks`, and the user's, the files of a folder. Runs their files.

A file of the user's that can't be read as Python is an error of theirs, told with file and line.
"""

import difflib
import pkgutil
from collections.abc import Iterator, Sequence
from importlib import import_module
from itertools import chain
from pathlib import Path
from types import ModuleType

from evenly.errors import UsageError
from evenly.verify import checks as ours
from evenly.verify._userfile import run_file
from evenly.verify.catalogue import Check, checks_in

FOLDER = "checks"


def find_checks(folder: Path | None) -> tuple[Check, ...]:
    """All checks: ours, then those of `folder`, each in the order of files and lines. Raises UsageError for a file
    that is broken, and for an id that is given twice."""
    users = _modules_of(folder) if folder and folder.is_dir() else ()
    found = tuple(chain.from_iterable(map(checks_in, chain(_our_modules(), users))))
    _refuse_twice(found)
    return found


def select(checks: Sequence[Check], words: Sequence[str]) -> tuple[Check, ...]:
    """Those whose id begins with one of `words`; all without any. Raises UsageError for a word that fits none."""
    for word in words:
        if not any(it.id.startswith(word) for it in checks):
            raise UsageError(
                f"there is no check {word}.{_nearest(word, checks)}",
                where="verify",
                try_="See which there are: evenly verify --list",
            )
    return tuple(it for it in checks if not words or it.id.startswith(tuple(words)))


def _our_modules() -> Iterator[ModuleType]:
    for it in sorted(pkgutil.iter_modules(ours.__path__), key=lambda it: it.name):
        yield import_module(f"{ours.__name__}.{it.name}")


def _modules_of(folder: Path) -> Iterator[ModuleType]:
    """A file that begins with `_` is there for the others."""
    for file in sorted(folder.glob("[!_]*.py")):
        yield _load(file)


def _load(file: Path) -> ModuleType:
    return run_file(file, _shown(file), "file of checks")


def _shown(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"


def _refuse_twice(checks: Sequence[Check]) -> None:
    seen: dict[str, Check] = {}
    for it in checks:
        if it.id in seen:
            raise UsageError(
                f"the id {it.id} is given twice",
                where=" and ".join(_home(each) for each in (seen[it.id], it)),
                try_="Give one of them another id.",
            )
        seen[it.id] = it


def _home(check: Check) -> str:
    code = getattr(check.run, "__code__", None)
    return f"{_shown(Path(code.co_filename))}:{code.co_firstlineno}" if code else check.run.__module__


def _nearest(word: str, checks: Sequence[Check]) -> str:
    near = difflib.get_close_matches(word, [*(it.id for it in checks), *(it.subject for it in checks)], n=1)
    return f" Did you mean {near[0]}?" if near else ""
