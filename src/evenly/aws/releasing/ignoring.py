"""Which files of a folder `.dockerignore` leaves out, as Docker reads it. Pure.

Patterns are of the whole path from the folder on, `**` is any number of folders, `!` takes back, the last one that fits
counts. https://docs.docker.com/build/concepts/context/#dockerignore-files
"""

import re
from collections.abc import Sequence

FILE = ".dockerignore"
# Never in an image, whatever is said: history, Evenly's own state, secrets, what Python makes by itself.
ALWAYS = (".git", ".evenly", ".env", "**/__pycache__", "**/*.pyc")

Rule = tuple[bool, re.Pattern[str]]  # whether it leaves out


def rules(text: str) -> tuple[Rule, ...]:
    """Of the text of a `.dockerignore`, in its order, and ours after them."""
    lines = (it.strip() for it in text.removeprefix("\ufeff").splitlines())
    said = [it for it in lines if it and not it.startswith("#")]
    return (*(_rule(it) for it in said), *((True, _pattern(it)) for it in ALWAYS))


def is_left_out(path: str, rules: Sequence[Rule]) -> bool:
    """`path`: relative to the folder, with slashes. A folder that is left out takes along what is in it."""
    out = False
    for leaves_out, pattern in rules:
        if leaves_out != out and pattern.fullmatch(path):
            out = leaves_out
    return out


def _rule(said: str) -> Rule:
    return (False, _pattern(said[1:])) if said.startswith("!") else (True, _pattern(said))


def _pattern(said: str) -> re.Pattern[str]:
    parts = [it for it in said.strip().split("/") if it not in ("", ".")]
    whole = "/".join(parts)
    return re.compile(f"{_expression(whole)}(/.*)?", re.DOTALL)


def _expression(whole: str) -> str:
    """Go's filepath.Match, and `**`."""
    made, at = [], 0
    while at < len(whole):
        found = _TOKENS.match(whole, at)
        if found is None:
            raise AssertionError("every character is a token")
        made.append(_translated(found[0]))
        at = found.end()
    return "".join(made)


_TOKENS = re.compile(r"\*\*/|\*\*|\*|\?|\[\^?[^\]/]+\]|\\.|.", re.DOTALL)


def _translated(token: str) -> str:
    match token:
        case "**/":
            return "(?:.*/)?"
        case "**":
            return ".*"
        case "*":
            return "[^/]*"
        case "?":
            return "[^/]"
        case _ if token.startswith("[") and len(token) > 1:
            return token
        case _:
            return re.escape(token[-1])
