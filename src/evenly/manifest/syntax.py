"""Puts a YAML parser's complaint into words that say what to type. Pure.

The parsers (libyaml, and PyYAML's own) word and place the same fault differently; the words here are ours.
"""

import re

import yaml
from msgspec import Struct
from msgspec.structs import replace

from evenly.manifest.problems import Problem

# What YAML calls printable, and the surrogates that UTF-8 cannot hold.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NUL_OR_SURROGATE = re.compile("[\0\ud800-\udfff]")
_SQUEEZED = re.compile(r"\s*[A-Za-z_-]+:[^\s:/]\S*\s*")
_TAB_INDENT = re.compile(r" *\t")


class _Known(Struct, frozen=True):
    """A fault that can be named by a part of the parser's complaint. `began`: it lies where the construct began."""

    part: str
    what: str
    try_: str
    began: bool = False


_ESCAPE = _Known(
    "escape", "a text in double quotes holds an unknown \\ escape.", "Use single quotes: '...'.", True
)
_HEX = replace(_ESCAPE, part="hexdec")
_OUT_OF_LINE = _Known(
    "block mapping",
    "this line does not line up with the ones above it.",
    "Begin all keys of one section, and all entries of one list, in the same column.",
)
_AFTER_THE_END = _Known(
    "block mapping",
    "there is text after the end of a value.",
    "Put the whole value in quotes, or no part of it.",
)
_NO_SPACE = _Known(
    "mapping values",
    "there is no space after the colon.",
    "Write key: value.",
)
_RESERVED = _Known(
    "cannot start any token",
    "a value begins with a character that YAML keeps for itself.",
    "Put the value in quotes.",
)
_TAG = _Known(
    "tag",
    "a value begins with a tag (a word with !), which Evenly does not read.",
    "Write the value alone, or put it in quotes.",
)
_ANYTHING = _Known("", "this is not YAML.", "Look at this line and the one above it.")
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
        "there is a colon too many here, or the line is indented too far.",
        "Put a value that holds a colon in quotes, and begin all keys of one section in the same column.",
    ),
    _OUT_OF_LINE,
    replace(_OUT_OF_LINE, part="block collection"),
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
    known = _known(_complaint(error))
    line, column = _place(error, began=known.began)
    before = _line(text, line - 1) if line > 1 else ""
    if known.part == "mapping values" and _SQUEEZED.fullmatch(before):
        known, line, column = _NO_SPACE, line - 1, 1
    elif known is _OUT_OF_LINE and _line(text, line)[: column - 1].strip():
        known = _AFTER_THE_END
    return Problem("", line, column, None, known.what, known.try_)


def _known(complaint: str) -> _Known:
    return next((known for known in _KNOWN if known.part in complaint), _ANYTHING)


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
