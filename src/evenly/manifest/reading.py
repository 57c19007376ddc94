"""From a tree to values, by the shapes of the schema, with everything that is wrong on the way. Pure."""

from collections.abc import Iterable
from typing import Final

from evenly.manifest.checks import Check, InvalidError
from evenly.manifest.conflicts import conflict_problems
from evenly.manifest.overlay import Inherited, is_null
from evenly.manifest.problems import Problem, dotted
from evenly.manifest.shapes import Environments, Named, Section, Shape, Variables
from evenly.manifest.telling import kind, not_a_section, problem_at, shown_at
from evenly.manifest.tree import Entry, Mapping, Node
from evenly.manifest.unknown import unknown_keys
from evenly.manifest.variables import MAX_CHARACTERS, check_name
from evenly.manifest.variables import value as variable_value

_NOTHING: Final = object()


def read_section(node: Mapping, section: Section, path: str, problems: list[Problem]) -> object:
    """What `node` says, finished by the section; what is wrong with it is added to `problems`."""
    problems.extend(unknown_keys(node, section, path))
    problems.extend(_fixed(node, section, path))
    known = {entry.key.text: entry for entry in node.entries if entry.key.text in section.keys}
    read = {key: _read(e.value, section.keys[key], dotted(path, key), problems) for key, e in known.items()}
    values = {key: value for key, value in read.items() if value is not _NOTHING}
    problems.extend(_missing(node, section, known, path))
    problems.extend(conflict_problems(node, section, values, path))
    return section.finish(values)


def _read(node: Node, shape: Shape, path: str, problems: list[Problem]) -> object:
    """The value of `node`; `_NOTHING` where nothing was said, or what was said is among `problems`."""
    if is_null(node) and not (isinstance(shape, Section) and shape.nullable):
        return _NOTHING
    match shape:
        case Section():
            return _section_or_single(node, shape, path, problems)
        case Variables():
            return _variables(node, path, problems)
        case Named():
            return _named(node, shape, path, problems)
        case Environments():
            return _NOTHING  # each is read on top of all the rest
        case check:
            return _checked(node, check, path, problems)


def _section_or_single(node: Node, section: Section, path: str, problems: list[Problem]) -> object:
    if isinstance(node, Mapping):
        return read_section(node, section, path, problems)
    if section.single is not None:
        return _checked(node, section.single, path, problems)
    problems.append(not_a_section(node, section, path))
    return _NOTHING


def _checked(node: Node, check: Check, path: str, problems: list[Problem]) -> object:
    try:
        return check(node)
    except InvalidError as wrong:
        problems.append(problem_at(path, node.mark, shown_at(path, node), wrong))
        return _NOTHING


def _fixed(node: Mapping, section: Section, path: str) -> Iterable[Problem]:
    for entry in node.entries:
        if entry.key.text in section.fixed and not isinstance(entry, Inherited):
            wrong = InvalidError("is the same in every environment.", "Write it at the top, once.")
            yield problem_at(dotted(path, entry.key.text), entry.key.mark, None, wrong)


def _missing(node: Mapping, section: Section, known: dict[str, Entry], path: str) -> Iterable[Problem]:
    for key, advice in section.required.items():
        entry = known.get(key)
        if entry is None or is_null(entry.value):
            mark = entry.key.mark if entry else node.mark
            yield problem_at(dotted(path, key), mark, None, InvalidError("is missing.", advice))


def _variables(node: Node, path: str, problems: list[Problem]) -> object:
    if not isinstance(node, Mapping):
        wrong = InvalidError(f"is {kind(node)}, where a section belongs.", "Write NAME: value below it.")
        problems.append(problem_at(path, node.mark, None, wrong))
        return _NOTHING
    values = {e.key.text: _variable(e, path, problems) for e in node.entries if not e.is_extension}
    if sum(map(len, values)) + sum(len(value or "") for value in values.values()) > MAX_CHARACTERS:
        wrong = InvalidError("hold more than 64 KiB together.", "Put long values into a file of the app.")
        problems.append(problem_at(path, node.mark, None, wrong))
    return values


def _variable(entry: Entry, path: str, problems: list[Problem]) -> str | None:
    here = dotted(path, entry.key.text)
    try:
        check_name(entry.key.text)
    except InvalidError as wrong:
        problems.append(problem_at(here, entry.key.mark, None, wrong))
        if is_null(entry.value):  # the name is at fault: its colon has no space, say
            return None
    try:
        return variable_value(entry.value)
    except InvalidError as wrong:
        # A variable's value is never shown: it may be a secret.
        problems.append(problem_at(here, entry.value.mark, None, wrong))
        return None


def _named(node: Node, shape: Named, path: str, problems: list[Problem]) -> object:
    if not isinstance(node, Mapping):
        wrong = InvalidError(
            f"is {kind(node)}, where a section belongs.", "Write NAME: and what it is below it."
        )
        problems.append(problem_at(path, node.mark, None, wrong))
        return _NOTHING
    entries = [entry for entry in node.entries if not entry.is_extension]
    read = {entry.key.text: _named_entry(entry, shape, path, problems) for entry in entries}
    values = {name: value for name, value in read.items() if value is not _NOTHING}
    try:
        shape.check_all(values)
    except InvalidError as wrong:
        problems.append(problem_at(path, node.mark, None, wrong))
    return values


def _named_entry(entry: Entry, shape: Named, path: str, problems: list[Problem]) -> object:
    name = entry.key.text
    try:
        shape.check_name(name)
    except InvalidError as wrong:
        problems.append(problem_at(dotted(path, name), entry.key.mark, None, wrong))
        return _NOTHING
    if shape.nameable and is_null(entry.value):
        return name
    return _read(entry.value, shape.value, dotted(path, name), problems)
