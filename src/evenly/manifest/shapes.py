"""What the schema is made of: sections with their keys, mappings with names of the user's, values that do not go
together. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from evenly.manifest.checks import Check, InvalidError

Values = Mapping[str, Any]
Keys = tuple[str, ...]


class Conflict(Struct, frozen=True):
    """Valid values that do not go together. `key`, from the section on, is the one to point at.

    `beside`: the others that it takes for it, and `why`, as the end of a sentence: they are pointed at where an
    environment says one of them, and has `key` from the top. `exclusive`: one of them has to go.
    """

    key: Keys
    wrong: InvalidError
    beside: tuple[Keys, ...]
    why: str
    exclusive: bool = False


class Section(Struct, frozen=True):
    """A mapping: its keys, what it may be other than a mapping (`single`), and what its values add up to.

    `required`: keys that have to be there, each with its advice. `nullable`: a null says something, and is
    `single`'s to judge; elsewhere it is as if the key were not written. `fixed`: keys that an environment can't say
    differently.
    """

    keys: Mapping[str, "Shape"]
    single: Check | None = None
    nullable: bool = False
    required: Mapping[str, str] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()
    conflicts: Callable[[Values], Iterator[Conflict]] = field(default=lambda _: iter(()))
    finish: Callable[[Values], object] = field(default=dict)


class Variables(Struct, frozen=True):
    """A mapping whose keys are the user's: environment variables."""


class Named(Struct, frozen=True):
    """A mapping whose keys are names of the user's, each with a `value`. `check_name` raises `InvalidError`, and so
    does `check_all`, of all of them together.

    `nameable`: a key with nothing after it stands for its own name; else it is as if it were not written.
    """

    check_name: Callable[[str], None]
    value: "Check | Section"
    nameable: bool = False
    check_all: Callable[[Values], None] = field(default=lambda _: None)


class Environments(Struct, frozen=True):
    """The mapping of environments. Each is read on top of all the rest (`environments`)."""


Shape = Check | Section | Variables | Named | Environments
