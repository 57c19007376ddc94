"""What can be wrong with a manifest, and how it is told: file and line, key, value, what would be valid."""

import json
import re
from collections.abc import Iterable

from msgspec import Struct

from evenly.errors import UsageError

HIDDEN = "***"
_SHOWN_CHARACTERS = 60
_SHOWN_PROBLEMS = 100
_SECRET_WORDS = ("SECRET", "PASSWORD", "PASSWD", "TOKEN", "KEY", "CREDENTIAL")
_PASSWORD_IN_URL = re.compile(r"://[^/@\s]*:[^/@\s]+@")
# Bounded, so that a file full of such words is read in one pass.
_AFTER_ITS_NAME = re.compile(rf"((?:{'|'.join(_SECRET_WORDS)})[\w-]{{0,40}}[\s=:]{{1,4}})\S+", re.IGNORECASE)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]{0,40}KEY-----.*", re.DOTALL)
_SLIPPED_IN = re.compile(r"([:=]).*", re.DOTALL)
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}")


class Problem(Struct, frozen=True):
    """One thing that is wrong, and how to put it right.

    `path` is the dotted key, empty for the file as a whole; `line` and `column` count from 1, and `line` is
    `None` where the file could not be read at all; `value` is what was written, already safe to show.
    """

    path: str
    line: int | None
    column: int
    value: str | None
    what: str
    try_: str


class ManifestError(UsageError):
    """All that is wrong with one manifest, in the order of its lines. `source` names the file."""

    def __init__(self, source: str, problems: Iterable[Problem]) -> None:
        self.source = source
        self.problems = tuple(sorted(problems, key=lambda each: (each.line or 0, each.column)))
        super().__init__("\n".join(_told(source, self.problems)))

    def __str__(self) -> str:
        return self.what


def looks_secret(name: str, value: str = "") -> bool:
    """Whether a variable should not be shown: by its name, or by a URL with a password in its value."""
    upper = name.upper()
    return any(word in upper for word in _SECRET_WORDS) or bool(_PASSWORD_IN_URL.search(value))


def redacted(value: str) -> str:
    """`value` without the password of a URL, what follows a word such as `--token`, or a private key in it."""
    without_keys = _PRIVATE_KEY.sub(HIDDEN, _PASSWORD_IN_URL.sub(f"://{HIDDEN}@", value))
    return _AFTER_ITS_NAME.sub(rf"\1{HIDDEN}", without_keys)


def shown(value: str) -> str:
    """`value` in double quotes, on one line, and cut short if it is long."""
    cut = value if len(value) <= _SHOWN_CHARACTERS else value[: _SHOWN_CHARACTERS - 3] + "..."
    return json.dumps(cut, ensure_ascii=not cut.isprintable())


def dotted(path: str, key: str) -> str:
    """The path of `key` below `path`; a key of odd characters in quotes.

    What follows a colon or an equals sign in it is a value that slipped in, and may be a secret.
    """
    safe = key if _PLAIN_KEY.fullmatch(key) else shown(_SLIPPED_IN.sub(r"\1...", key))
    return f"{path}.{safe}" if path else safe


def _told(source: str, problems: tuple[Problem, ...]) -> list[str]:
    lines = [_line(source, problem) for problem in problems[:_SHOWN_PROBLEMS]]
    more = len(problems) - len(lines)
    return [*lines, f"{source}: and {more} more like these."] if more else lines


def _line(source: str, problem: Problem) -> str:
    where = source if problem.line is None else f"{source}:{problem.line}"
    key = f"{problem.path}: " if problem.path else ""
    value = "" if problem.value is None else f"{shown(problem.value)} "
    return f"{where}: {key}{value}{problem.what} {problem.try_}".rstrip()
