"""From the text of a manifest to a `Manifest`, or to everything that is wrong with it. Pure."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec

from evenly.manifest.checks import Check, InvalidError
from evenly.manifest.names import name_from_folder
from evenly.manifest.problems import ManifestError, Problem, dotted, redacted
from evenly.manifest.schema import MANIFEST, Named, Section, Shape, Variables
from evenly.manifest.tree import Entry, Mapping, Mark, Node, Scalar, Sequence, compose
from evenly.manifest.types import Manifest
from evenly.manifest.unknown import unknown_keys
from evenly.manifest.variables import MAX_CHARACTERS, check_name
from evenly.manifest.variables import value as variable_value

_NOTHING: Final = object()


def parse(text: str, source: str, folder: Path | None = None, *, loader: Any = None) -> Manifest:
    """The manifest that `text` says. `source` names the file in errors.

    A text that says nothing is the default manifest, named after `folder` (the folder of `source`, unless
    given). `loader` is a PyYAML loader class, the fastest one unless given. Raises `ManifestError` with
    every problem.
    """
    root, problems = compose(text, source, loader)
    if not problems and _says_nothing(root):
        home = folder or Path(source).parent
        return Manifest(name=name_from_folder(home.name or home.resolve().name))
    if not isinstance(root, Mapping):
        raise ManifestError(source, [*problems, *_not_a_section(root)])
    values = _section(root, MANIFEST, "", problems)
    if problems:
        raise ManifestError(source, problems)
    return msgspec.convert(values, Manifest)


def _says_nothing(root: Node | None) -> bool:
    match root:
        case None | Scalar(is_null=True) | Mapping(entries=()):
            return True
        case _:
            return False


def _not_a_section(root: Node | None) -> Iterable[Problem]:
    if root is not None:
        what = "a list stands here" if isinstance(root, Sequence) else "one text stands here"
        wrong = InvalidError(f"{what}, where keys belong.", "Write key: value, beginning with name: hello.")
        yield _problem("", root.mark, None, wrong)


def _read(node: Node, shape: Shape, path: str, problems: list[Problem]) -> object:
    """The value of `node`; `_NOTHING` where nothing was said, or what was said is among `problems`."""
    if _is_null(node) and not (isinstance(shape, Section) and shape.nullable):
        return _NOTHING
    match shape:
        case Section():
            return _section_or_single(node, shape, path, problems)
        case Variables():
            return _variables(node, path, problems)
        case Named():
            return _named(node, shape, path, problems)
        case check:
            return _checked(node, check, path, problems)


def _section_or_single(node: Node, section: Section, path: str, problems: list[Problem]) -> object:
    if isinstance(node, Mapping):
        return _section(node, section, path, problems)
    if section.single is not None:
        return _checked(node, section.single, path, problems)
    keys = ", ".join(section.keys)
    wrong = InvalidError(f"is {_kind(node)}, where a section belongs.", f"Write its keys below it: {keys}.")
    problems.append(_problem(path, node.mark, _text(node), wrong))
    return _NOTHING


def _checked(node: Node, check: Check, path: str, problems: list[Problem]) -> object:
    try:
        return check(node)
    except InvalidError as wrong:
        shown = None if path.startswith("secrets.") else _text(node)  # it may be the secret itself
        problems.append(_problem(path, node.mark, shown, wrong))
        return _NOTHING


def _section(node: Mapping, section: Section, path: str, problems: list[Problem]) -> object:
    problems.extend(unknown_keys(node, section, path))
    known = {entry.key.text: entry for entry in node.entries if entry.key.text in section.keys}
    read = {key: _read(e.value, section.keys[key], dotted(path, key), problems) for key, e in known.items()}
    values = {key: value for key, value in read.items() if value is not _NOTHING}
    problems.extend(_missing(node, section, known, path))
    problems.extend(_conflicts(section, values, known, path))
    return section.finish(values)


def _missing(node: Mapping, section: Section, known: dict[str, Entry], path: str) -> Iterable[Problem]:
    for key, advice in section.required.items():
        entry = known.get(key)
        if entry is None or _is_null(entry.value):
            mark = entry.key.mark if entry else node.mark
            yield _problem(dotted(path, key), mark, None, InvalidError("is missing.", advice))


def _conflicts(
    section: Section, values: dict[str, object], known: dict[str, Entry], path: str
) -> Iterable[Problem]:
    for conflict in section.conflicts(values):
        node = known[conflict.key].value
        yield _problem(dotted(path, conflict.key), node.mark, _text(node), conflict.wrong)


def _variables(node: Node, path: str, problems: list[Problem]) -> object:
    if not isinstance(node, Mapping):
        wrong = InvalidError(f"is {_kind(node)}, where a section belongs.", "Write NAME: value below it.")
        problems.append(_problem(path, node.mark, None, wrong))
        return _NOTHING
    values = {e.key.text: _variable(e, path, problems) for e in node.entries if not e.is_extension}
    if sum(map(len, values)) + sum(len(value or "") for value in values.values()) > MAX_CHARACTERS:
        wrong = InvalidError("hold more than 64 KiB together.", "Put long values into a file of the app.")
        problems.append(_problem(path, node.mark, None, wrong))
    return values


def _variable(entry: Entry, path: str, problems: list[Problem]) -> str | None:
    here = dotted(path, entry.key.text)
    try:
        check_name(entry.key.text)
    except InvalidError as wrong:
        problems.append(_problem(here, entry.key.mark, None, wrong))
        if _is_null(entry.value):  # the name is at fault: its colon has no space, say
            return None
    try:
        return variable_value(entry.value)
    except InvalidError as wrong:
        # A variable's value is never shown: it may be a secret.
        problems.append(_problem(here, entry.value.mark, None, wrong))
        return None


def _named(node: Node, shape: Named, path: str, problems: list[Problem]) -> object:
    if not isinstance(node, Mapping):
        wrong = InvalidError(
            f"is {_kind(node)}, where a section belongs.", "Write NAME: and what it is below it."
        )
        problems.append(_problem(path, node.mark, None, wrong))
        return _NOTHING
    entries = [entry for entry in node.entries if not entry.is_extension]
    read = {entry.key.text: _named_entry(entry, shape, path, problems) for entry in entries}
    return {name: value for name, value in read.items() if value is not _NOTHING}


def _named_entry(entry: Entry, shape: Named, path: str, problems: list[Problem]) -> object:
    name = entry.key.text
    try:
        shape.check_name(name)
    except InvalidError as wrong:
        problems.append(_problem(dotted(path, name), entry.key.mark, None, wrong))
        return _NOTHING
    if shape.nameable and _is_null(entry.value):
        return name
    return _read(entry.value, shape.value, dotted(path, name), problems)


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.is_null


def _kind(node: Node) -> str:
    return "a list" if isinstance(node, Sequence) else "one value"


def _text(node: Node) -> str | None:
    """What to show of a value: nothing where nothing was written."""
    if not isinstance(node, Scalar) or (node.plain and not node.text):
        return None
    return redacted(node.text)


def _problem(path: str, mark: Mark, value: str | None, wrong: InvalidError) -> Problem:
    return Problem(path, mark.line, mark.column, value, wrong.what, wrong.try_)
