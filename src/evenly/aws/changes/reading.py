"""From what DescribeChangeSet says to changes. Pure.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
"""

from collections.abc import Iterable, Iterator

from evenly.aws.changes.types import Action, Change, Json, Property, Replacement, graver

_ACTIONS = {
    "Add": Action.ADD,
    "Modify": Action.MODIFY,
    "Remove": Action.REMOVE,
    "Import": Action.IMPORT,
    # What is known only when it is done, and what is set back to what the template says, are changes.
    "Dynamic": Action.MODIFY,
    "SyncWithActual": Action.MODIFY,
}
_REPLACEMENTS = {"True": Replacement.YES, "Conditional": Replacement.MAYBE}
_RECREATIONS = {"Always": Replacement.YES, "Conditionally": Replacement.MAYBE}


def read_changes(told: Iterable[Json]) -> tuple[Change, ...]:
    """`told`: the `Changes` of all pages."""
    return tuple(_change(it["ResourceChange"]) for it in told if "ResourceChange" in it)


def _change(told: Json) -> Change:
    action = _ACTIONS[told["Action"]]
    is_modified = (
        action is Action.MODIFY
    )  # only what is there can be replaced; some say "False" of what is added
    said = told.get("Replacement") or ("Conditional" if told["Action"] == "Dynamic" else "False")
    return Change(
        resource=told["LogicalResourceId"],
        type=told["ResourceType"],
        action=action,
        replacement=_REPLACEMENTS.get(said, Replacement.NO) if is_modified else Replacement.NO,
        properties=tuple(_merged(told.get("Details", ()))) if is_modified else (),
        physical=told.get("PhysicalResourceId") or None,
        policy=told.get("PolicyAction"),
    )


def _merged(details: Iterable[Json]) -> Iterator[Property]:
    """One a path: CloudFormation says a change twice where it is written differently and follows a parameter too."""
    found: dict[str, Property] = {}
    for detail in details:
        it = _property(detail)
        known = found.get(it.path)
        found[it.path] = it if known is None else _both(known, it)
    yield from found.values()


def _both(one: Property, other: Property) -> Property:
    return Property(
        one.path,
        graver(one.replacement, other.replacement),
        one.before if one.before is not None else other.before,
        one.after if one.after is not None else other.after,
        one.cause or other.cause,
    )


def _property(detail: Json) -> Property:
    target = detail.get("Target", {})
    attribute, name = target.get("Attribute", "Properties"), target.get("Name")
    return Property(
        path=(_dotted(target.get("Path")) or name or attribute) if attribute == "Properties" else attribute,
        replacement=_RECREATIONS.get(target.get("RequiresRecreation", "Never"), Replacement.NO),
        before=target.get("BeforeValue"),
        after=target.get("AfterValue"),
        cause=detail.get("CausingEntity"),
    )


def _dotted(path: str | None) -> str | None:
    """`Tags.0.Value` for `/Properties/Tags/0/Value`."""
    return path.removeprefix("/Properties/").strip("/").replace("/", ".") if path else None
