"""Values that do not go together: where that is told, and how, where an environment has one of them from the top.
Pure."""

from collections.abc import Iterator
from functools import reduce

from msgspec import Struct

from evenly.manifest.checks import InvalidError
from evenly.manifest.overlay import Inherited
from evenly.manifest.problems import Problem, dotted
from evenly.manifest.shapes import Conflict, Keys, Section, Values
from evenly.manifest.telling import at_the_top, problem_at, shown_at
from evenly.manifest.tree import Entry, Mapping, Node


def conflict_problems(node: Mapping, section: Section, values: Values, path: str) -> Iterator[Problem]:
    """A problem for each of the section's conflicts but those that are the top's alone, and told there."""
    for conflict in section.conflicts(values):
        key = _find(node, conflict.key)
        others = [it for keys in conflict.beside if (it := _find(node, keys))]
        inherited = next((it for it in others if not it.is_own), None)
        own = next((it for it in others if it.is_own), None)
        if key is not None and key.is_own:
            yield _problem(path, key, _own(conflict, inherited, path))
        elif key is not None and own is not None:
            yield _problem(path, own, _crossing(conflict, key, path))


class _Found(Struct, frozen=True):
    """The entry that `keys` lead to. `is_own`: it is written here, not at the top."""

    keys: Keys
    entry: Entry
    is_own: bool


def _find(node: Mapping, keys: Keys) -> _Found | None:
    steps: list[Entry] = []
    below: Node = node
    for key in keys:
        entries = below.entries if isinstance(below, Mapping) else ()
        entry = next((it for it in entries if it.key.text == key), None)
        if entry is None:
            return None
        steps.append(entry)
        below = entry.value
    return _Found(keys, steps[-1], not any(isinstance(it, Inherited) for it in steps))


def _problem(path: str, found: _Found, wrong: InvalidError) -> Problem:
    here = _at(path, found)
    return problem_at(here, found.entry.value.mark, shown_at(here, found.entry.value), wrong)


def _own(conflict: Conflict, inherited: _Found | None, path: str) -> InvalidError:
    """The key to point at is written here; what it does not go with may be from the top."""
    if inherited is None or not conflict.exclusive:
        return conflict.wrong
    try_ = f"To be without {_there(path, inherited)}, write it as null here."
    return InvalidError(conflict.wrong.what, try_)


def _crossing(conflict: Conflict, key: _Found, path: str) -> InvalidError:
    """The key to point at is from the top, and what it does not go with is written here."""
    what = f"does not go with {_there(path, key)}: {conflict.why}."
    return InvalidError(what, "To be without that, write it as null here.")


def _there(path: str, found: _Found) -> str:
    return f"{at_the_top(_at(path, found))} of line {found.entry.key.mark.line}"


def _at(path: str, found: _Found) -> str:
    return reduce(dotted, found.keys, path)
