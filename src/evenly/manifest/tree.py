"""YAML text as a small tree that knows its lines. Pure.

Built from the parser's events, so that depth, aliases, tags and keys are judged before anything grows.
Every scalar keeps the text as it was written: `no`, `1:30` and `010` stay what they look like.
"""

from collections.abc import Iterator
from functools import reduce
from typing import Any, NoReturn

import yaml
from msgspec import Struct

from evenly.manifest.problems import ManifestError, Problem, dotted
from evenly.manifest.syntax import control_character, syntax_problem

MAX_DEPTH = 20
MAX_NODES = 10_000
MAX_CHARACTERS = 1024 * 1024

_NO_TAG = "Write the value alone, or put it in quotes."
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class Mark(Struct, frozen=True):
    """A place in the file; both count from 1."""

    line: int
    column: int


class Scalar(Struct, frozen=True):
    """One value, as written. `plain`: without quotes."""

    mark: Mark
    text: str
    plain: bool

    @property
    def is_null(self) -> bool:
        return self.plain and self.text in _NULLS


class Sequence(Struct, frozen=True):
    mark: Mark
    items: tuple["Node", ...]


class Entry(Struct, frozen=True):
    key: Scalar
    value: "Node"

    @property
    def is_extension(self) -> bool:
        """Whether the key is the user's own (`x-...`), which nobody reads."""
        return self.key.text.startswith("x-")


class Mapping(Struct, frozen=True):
    mark: Mark
    entries: tuple[Entry, ...]


Node = Scalar | Sequence | Mapping


def compose(text: str, source: str, loader: Any = None) -> tuple[Node | None, list[Problem]]:
    """The one document in `text` (`None`: there is none) and its repeated keys.

    Raises `ManifestError` where the text is no YAML, or asks for what a manifest never needs.
    """
    builder = _Builder()
    try:
        if len(text) > MAX_CHARACTERS:
            raise _RefusedError(
                Mark(1, 1), "the file is larger than 1 MiB.", "Keep only what the manifest needs."
            )
        _refuse_control_characters(text)
        return builder.document(_events(text, loader or _fastest_loader())), builder.problems
    except _RefusedError as refused:
        raise ManifestError(source, [*builder.problems, refused.problem]) from None
    # ValueError: PyYAML's own parser meets an escape such as "\UFFFFFFFF" without a check.
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise ManifestError(source, [*builder.problems, syntax_problem(text, error)]) from None


def _fastest_loader() -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _events(text: str, loader: Any) -> Iterator[Any]:
    return iter(yaml.parse(text, Loader=loader))


class _RefusedError(Exception):
    """The text cannot be read any further."""

    def __init__(self, mark: Mark, what: str, try_: str, path: str = "") -> None:
        super().__init__(what)
        self.problem = Problem(path, mark.line, mark.column, None, what, try_)


def _refuse_control_characters(text: str) -> None:
    found = control_character(text)
    if found is not None:
        line, column, name = found
        raise _RefusedError(
            Mark(line, column),
            f"there is a character here that no text file should hold ({name}).",
            "Delete it, or save the file as UTF-8 text.",
        )


class _Built(Struct, frozen=True):
    """A node with what it costs when all its aliases are followed."""

    node: Node
    nodes: int
    height: int
    characters: int


class _Builder:
    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._anchors: dict[str, _Built | None] = {}
        self._path: list[str] = []
        self._nodes = 0
        self._characters = 0

    def document(self, events: Iterator[Any]) -> Node | None:
        root: Node | None = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._refuse(_mark(event), "a second document begins here.", "Keep one, without ---.")
            elif isinstance(event, yaml.NodeEvent):
                root = self._node(event, events, 1).node
        return root

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> _Built:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        self._refuse_tag(event)
        if event.anchor:
            self._anchors[event.anchor] = None
        built = self._collection_or_scalar(event, events, depth)
        if event.anchor:
            self._anchors[event.anchor] = built
        return built

    def _alias(self, event: Any, depth: int) -> _Built:
        built = self._anchors.get(event.anchor)
        if built is None:
            inside = event.anchor in self._anchors
            what = "stands inside itself." if inside else "stands for nothing written above."
            self._refuse(
                _mark(event),
                f"an alias (a word with *) {what}",
                "Write the value out, or put it in quotes if it is a text.",
            )
        self._spend(_mark(event), depth + built.height - 1, built.nodes, built.characters)
        return built

    def _collection_or_scalar(self, event: Any, events: Iterator[Any], depth: int) -> _Built:
        if isinstance(event, yaml.MappingStartEvent):
            self._spend(_mark(event), depth, 1, 0)
            return self._mapping(event, events, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            self._spend(_mark(event), depth, 1, 0)
            return self._sequence(event, events, depth)
        self._spend(_mark(event), depth, 1, len(event.value))
        return _Built(self._scalar(event), 1, 1, len(event.value))

    def _sequence(self, event: Any, events: Iterator[Any], depth: int) -> _Built:
        parts: list[_Built] = []
        while not isinstance(inner := next(events), yaml.SequenceEndEvent):
            parts.append(self._node(inner, events, depth + 1))
        return _grown(Sequence(_mark(event), tuple(part.node for part in parts)), parts)

    def _mapping(self, event: Any, events: Iterator[Any], depth: int) -> _Built:
        parts: list[_Built] = []
        entries: dict[str, Entry] = {}
        while not isinstance(inner := next(events), yaml.MappingEndEvent):
            key = self._key(inner, depth)
            self._path.append(key.text)
            value = self._node(next(events), events, depth + 1)
            parts += [_Built(key, 1, 1, len(key.text)), value]
            self._enter(entries, key, value.node)
            self._path.pop()
        return _grown(Mapping(_mark(event), tuple(entries.values())), parts)

    def _key(self, event: Any, depth: int) -> Scalar:
        if not isinstance(event, yaml.ScalarEvent):
            self._refuse(_mark(event), "only a word can be a key.", "Write key: value.")
        self._refuse_tag(event)
        key = self._scalar(event)
        if key.plain and key.text == "<<":
            self._refuse(key.mark, "merge keys (<<) are not read here.", "Write the keys out.")
        self._spend(key.mark, depth, 1, len(key.text))
        return key

    def _enter(self, entries: dict[str, Entry], key: Scalar, value: Node) -> None:
        first = entries.setdefault(key.text, Entry(key, value)).key
        if first is not key:
            what = f"is written twice, first on line {first.mark.line}."
            path = reduce(dotted, self._path, "")
            self.problems.append(
                Problem(path, key.mark.line, key.mark.column, None, what, "Keep one of the two.")
            )

    def _refuse_tag(self, event: Any) -> None:
        if event.tag is not None:
            self._refuse(
                _mark(event), "begins with a tag (a word with !), which Evenly does not read.", _NO_TAG
            )

    def _spend(self, mark: Mark, depth: int, nodes: int, characters: int) -> None:
        self._nodes += nodes
        self._characters += characters
        if depth > MAX_DEPTH:
            what = f"the sections are more than {MAX_DEPTH} deep here."
            self._refuse(mark, what, "Close some brackets, or indent less.")
        if self._nodes > MAX_NODES or self._characters > MAX_CHARACTERS:
            self._refuse(
                mark,
                "the manifest grows too large here; each *name counts as often as it is used.",
                "Use fewer, or write less.",
            )

    def _scalar(self, event: Any) -> Scalar:
        mark = _mark(event)
        if (found := control_character(event.value, escaped=True)) is not None:
            what = f"there is a character in this value that no program takes ({found[2]})."
            self._refuse(mark, what, "Leave it out.")
        return Scalar(mark, event.value, plain=event.style in (None, ""))

    def _refuse(self, mark: Mark, what: str, try_: str) -> NoReturn:
        raise _RefusedError(mark, what, try_, reduce(dotted, self._path, ""))


def _grown(node: Node, parts: list[_Built]) -> _Built:
    return _Built(
        node,
        1 + sum(part.nodes for part in parts),
        1 + max((part.height for part in parts), default=0),
        sum(part.characters for part in parts),
    )


def _mark(event: Any) -> Mark:
    return Mark(event.start_mark.line + 1, event.start_mark.column + 1)
