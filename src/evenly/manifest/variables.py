"""The variables that a manifest may set for the app. Pure."""

import re

from evenly.manifest.checks import InvalidError
from evenly.manifest.tree import Mapping, Node, Scalar, Sequence

_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
_OURS = frozenset({"HOST", "PORT", "SOCKET", "DATABASE_URL"})
_OUR_PREFIXES = ("EVENLY_", "PG", "TLS_")

# Far below what every system takes as the environment of a process.
MAX_CHARACTERS = 64 * 1024


def check_name(name: str) -> None:
    """Raises `InvalidError` if an app may not be given a variable of this name."""
    if ":" in name.strip(":") or "=" in name:
        raise InvalidError(
            "is not a name for a variable.", "Write NAME: value, with a space after the colon."
        )
    if name in _OURS or name.startswith(_OUR_PREFIXES):
        raise InvalidError("is set by Evenly itself.", "Choose another name, such as APP_" + name[:40] + ".")
    if not _NAME.fullmatch(name):
        advice = "Use capital letters, digits and _, beginning with a letter or _"
        raise InvalidError("is not a name for a variable.", f"{advice}{_corrected(name)}.")


def value(node: Node) -> str:
    """The value of a variable: the text, number or truth value exactly as it was written."""
    match node:
        case Scalar(is_null=True):
            raise InvalidError("has no value.", 'Write one, or "" for an empty text.')
        case Scalar():
            return node.text
        case Sequence():
            raise InvalidError("is a list, where one value belongs.", "Write one text, in quotes if need be.")
        case Mapping():
            raise InvalidError(
                "is a section, where one value belongs.", "Write one text, in quotes if need be."
            )


def _corrected(name: str) -> str:
    better = re.sub(r"[^A-Z0-9_]", "_", name.upper())
    fits = _NAME.fullmatch(better) and better not in _OURS and not better.startswith(_OUR_PREFIXES)
    return f": {better}" if fits and len(better) <= 60 else ""
