"""What would change in a stack, from its templates alone: for a stack that is not there yet, and for one that takes
what is not made yet. It says rather too much than too little: what may change is said to. Pure.

A change set of CloudFormation knows better; one is made and compared before anything is executed.
"""

from collections.abc import Iterator, Mapping, Set
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from evenly.aws.changes import templates
from evenly.aws.changes.createonly import recreation
from evenly.aws.changes.types import Action, Change, Json, Property, Replacement, graver

# What a resource says beside its properties. DependsOn changes an order, and nothing that is there.
ATTRIBUTES = (
    "Metadata",
    "CreationPolicy",
    "UpdatePolicy",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "Condition",
)


class Held(Struct, frozen=True):
    """A stack as it is, or is to be. `parameters`: their values; `None`: not known yet."""

    template: Json
    parameters: Mapping[str, str | None]

    def value(self, parameter: str) -> str | None:
        """What a parameter is, by its default where nothing is given."""
        if parameter in self.parameters:
            return self.parameters[parameter]
        return templates.defaults(self.template).get(parameter)


def added(template: Json) -> tuple[Change, ...]:
    """All of a stack that is not there yet."""
    return tuple(
        Change(name, str(said.get("Type")), Action.ADD)
        for name, said in templates.resources(template).items()
    )


def difference(old: Held, new: Held) -> tuple[Change, ...]:
    """What becomes of a stack that is `old` when it is made `new`, in the order of the new template."""
    before, after = templates.resources(old.template), templates.resources(new.template)
    found = {
        **{name: _made(name, before, after) for name in after},
        **{name: _gone(name, it) for name, it in before.items() if name not in after},
    }
    moved = _moved_parameters(old, new)
    while (spread := _spread(found, after, moved)) != found:
        found = spread
    return tuple(it for it in found.values() if _is_change(it))


def _is_change(it: Change) -> bool:
    return it.action is not Action.MODIFY or bool(it.properties)


def _gone(name: str, said: Json) -> Change:
    return Change(name, str(said.get("Type")), Action.REMOVE)


def _made(name: str, before: Mapping[str, Json], after: Mapping[str, Json]) -> Change:
    """Of a resource of the new template; one that stays as it is has no properties that change."""
    kind = str(after[name].get("Type"))
    if name not in before:
        return Change(name, kind, Action.ADD)
    if before[name].get("Type") != kind:
        turned = Property("Type", Replacement.YES, str(before[name].get("Type")), kind)
        return Change(name, kind, Action.MODIFY, Replacement.YES, (turned,))
    return _with(Change(name, kind, Action.MODIFY), *_written_differently(kind, before[name], after[name]))


def _with(change: Change, *properties: Property) -> Change:
    worst = change.replacement
    for it in properties:
        worst = graver(worst, it.replacement)
    return replace(change, replacement=worst, properties=(*change.properties, *properties))


def _written_differently(kind: str, old: Json, new: Json) -> Iterator[Property]:
    for path, before, after in _differing(old.get("Properties") or {}, new.get("Properties") or {}):
        worst = recreation(kind, path.partition(".")[0])
        yield Property(path, worst, templates.shown(before), templates.shown(after))
    for name in ATTRIBUTES:
        if old.get(name) != new.get(name):
            yield Property(
                name, Replacement.NO, templates.shown(old.get(name)), templates.shown(new.get(name))
            )


def _differing(old: Json, new: Json, within: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The paths at which two mappings differ, and what is there in each."""
    for name in {**new, **old}:
        before, after, path = old.get(name), new.get(name), f"{within}{name}"
        if isinstance(before, dict) and isinstance(after, dict) and _is_plain(before) and _is_plain(after):
            yield from _differing(before, after, f"{path}.")
        elif before != after:
            yield path, before, after


def _is_plain(value: Json) -> bool:
    """Whether a mapping is no function."""
    return not any(it == "Ref" or it.startswith("Fn::") for it in value)


def _moved_parameters(old: Held, new: Held) -> frozenset[str]:
    """Those whose value is another one, or not known yet."""
    return frozenset(
        name
        for name in templates.parameters(new.template)
        if new.value(name) is None or new.value(name) != old.value(name)
    )


def _spread(
    found: Mapping[str, Change], after: Mapping[str, Json], moved: frozenset[str]
) -> dict[str, Change]:
    """With what follows: a property that refers to a parameter that moved, to a resource that is replaced, or to an
    attribute of one that changes."""
    replaced = {name for name, it in found.items() if it.replacement is not Replacement.NO}
    touched = {name for name, it in found.items() if it.action is Action.MODIFY and it.properties}
    spread = dict(found)
    for name, it in found.items():
        if it.action is Action.MODIFY and name in after:
            follows = _following(
                it, after[name].get("Properties") or {}, moved | replaced, frozenset(touched)
            )
            spread[name] = _with(it, *follows)
    return spread


def _following(
    change: Change, properties: Json, whole: frozenset[str], attributes: frozenset[str]
) -> Iterator[Property]:
    known = {it.name for it in change.properties}
    for name, value in properties.items():
        meant = templates.references(value)
        causes = sorted((meant.whole & whole) | (meant.asked & attributes))
        if causes and name not in known:
            at_worst = recreation(change.type, name)
            may = Replacement.NO if at_worst is Replacement.NO else Replacement.MAYBE
            yield Property(name, may, cause=causes[0])


# What AWS calls a resource stays with it until it is replaced.
_LASTING = ("Arn", "ARN", "Id", "ID", "Name", "Uri", "Address", "Port")


def unsettled_outputs(old: Held, new: Held, changes: tuple[Change, ...]) -> frozenset[str]:
    """The outputs whose value may become another one when `changes` are done: what another stack takes of these, it
    can't be shown exactly with."""
    remade = {
        it.resource
        for it in changes
        if it.action is not Action.MODIFY or it.replacement is not Replacement.NO
    }
    whole, changed = remade | _moved_parameters(old, new), {it.resource for it in changes}
    before = templates.outputs(old.template)
    return frozenset(
        name
        for name, value in templates.outputs(new.template).items()
        if value != before.get(name) or _may_move(templates.references(value), whole, remade, changed)
    )


def _may_move(meant: templates.References, whole: Set[str], remade: Set[str], changed: Set[str]) -> bool:
    passing = {it.partition(".")[0] for it in meant.attributes if not it.endswith(_LASTING)}
    return bool(meant.whole & whole or meant.asked & remade or passing & changed)
