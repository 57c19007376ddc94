"""Reads values out of a template in which functions may stand. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]


def resources(body: Json) -> Iterator[tuple[str, dict[str, Any]]]:
    """The resources with their logical ids; each has a Type, and Properties that may be empty."""
    for key, said in body.get("Resources", {}).items():
        yield key, {"Properties": {}, **said}


def plain(value: Any) -> str | None:
    """A text, what Fn::Sub would fill in, or the name that Ref has; `None` for anything else."""
    match value:
        case str():
            return value
        case {"Fn::Sub": str(text)}:
            return text
        case {"Ref": str(name)}:
            return name
        case _:
            return None


def texts(value: Any) -> Iterator[str]:
    """All texts in it."""
    match value:
        case str():
            yield value
        case Mapping():
            for it in value.values():
                yield from texts(it)
        case list() | tuple():
            for it in value:
                yield from texts(it)


def list_of(value: Any, outputs: Json) -> Sequence[Any] | None:
    """The members of a list, also where it is the output of another stack that is split at its commas; `None` where
    that can't be told."""
    match value:
        case list() | tuple():
            return value
        case {"Fn::Split": [",", {"Ref": str(name)}]} if name in outputs:
            return _joined(outputs[name])
        case _:
            return None


def _joined(value: Any) -> Sequence[Any] | None:
    match value:
        case {"Fn::Join": [",", list() as members]}:
            return members
        case _:
            return None
