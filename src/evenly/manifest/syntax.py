"""Puts a YAML parser's complaint into words that say what to type. Pure.

The parsers (libyaml, and PyYAML's own) word and place the same fault differently; the words here are ours.
"""

import re
from dataclasses import dataclass, replace

import yaml

from evenly.manifest.problems import Problem

# What YAML calls printable, and the surrogates that UTF-8 cannot hold.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NUL_OR_SURROGATE = re.compile("[\0\ud800-\udfff]")
_TAB_INDENT = re.compile(r" *\t")


@dataclass(frozen=True, slots=True)
class _Known:
    """A fault that can be named by a part of the parser's complaint. `began`: it lies where the construct began."""

    part: str
    what: str
    try_: str
    began: bool = False


_ESCAPE = _Known(
    "escape", "a text in double quotes holds an unknown \\ escape.", "Use single quotes: '...'.", True
)
_HEX = replace(_ESCAPE, part="hexdec")
_KEY_OUT_OF_LINE = _Known(
    "block mapping",
    "a key was expected here.",
    "Begin all keys of one section in the same column, and put a value wholly in quotes or not at all.",
)
_ENTRY_OUT_OF_LINE = _Known(
    "block collection",
    "an entry of the list was expected here.",
    "Begin all entries of one list in the same column, each with a hyphen and a space.",
)
_RESERVED = _Known(
    "cannot start any token",
    "a value begins with a character that YAML keeps for itself.",
    "Put the value in quotes.",
)
_TAG = _Known("tag", "tags (words with !) are not read here.", "Write the value alone, or put it in quotes.")
_KNOWN = (
    _ESCAPE,
    _HEX,
    _Known("quoted scalar", "a quote that opens here is not closed.", "Close it with the same quote.", True),
    _Known(
        "flow sequence",
        "a list that opens here with [ is not closed, or a comma is missing.",
        "Write it as [one, two].",
        True,
    ),
    _Known(
        "flow mapping",
        "a section that opens here with { is not closed, or a comma is missing.",
        "Write it as {key: value, key: value}.",
        True,
    ),
    _Known(
        "expected ':'",
        "this line has no colon after its key.",
        "Write key: value, with a space after the colon.",
        True,
    ),
    _Known(
        "mapping values",
        "a colon stands where none belongs.",
        "Put a value that holds a colon and a space in quotes, and begin the keys of a section in one column.",
    ),
    _KEY_OUT_OF_LINE,
    _ENTRY_OUT_OF_LINE,
    _RESERVED,
    replace(_RESERVED, part="alphabetic or numeric"),
    _TAG,
)


def control_character(text: str, *, escaped: bool = False) -> tuple[int, int, str] | None:
    """Line, column and name of the first character that must not be there; `escaped`: within a value."""
    found = (_NUL_OR_SURROGATE if escaped else _UNPRINTABLE).search(text)
    if found is None:
        return None
    before = text[: found.start()]
    column = found.start() - (before.rfind("\n") + 1) + 1
    return before.count("\n") + 1, column, f"U+{ord(found.group()):04X}"


def syntax_problem(text: str, error: Exception) -> Problem:
    """The `Problem` behind an error of the YAML parser."""
    line, column = _place(error, began=False)
    if _TAB_INDENT.match(_line(text, line)):
        return Problem("", line, 1, None, "this line is indented with a tab.", "Use spaces.")
    complaint = _complaint(error)
    for known in _KNOWN:
        if known.part in complaint:
            line, column = _place(error, began=known.began)
            return Problem("", line, column, None, known.what, known.try_)
    return Problem("", line, column, None, "this is not YAML.", "Look at this line and the one above it.")


def _line(text: str, number: int) -> str:
    lines = text.splitlines()
    return lines[number - 1] if number <= len(lines) else ""


def _complaint(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError):
        return f"{error.context or ''} {error.problem or ''}"
    return "escape" if isinstance(error, (ValueError, OverflowError)) else ""


def _place(error: Exception, *, began: bool) -> tuple[int, int]:
    if not isinstance(error, yaml.MarkedYAMLError):
        return 1, 1
    mark = (error.context_mark if began else None) or error.problem_mark or error.context_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
