"""The environments of a manifest: each is read on top of all the rest, as the manifest that it has, and kept as what it
says differently. What does not go together then is told at the line of the environment. Pure."""

from collections.abc import Mapping as AnyMapping
from typing import Any

import msgspec
from msgspec import Struct

from evenly.manifest.awsvalues import check_environment_name, check_name_on_aws
from evenly.manifest.checks import InvalidError
from evenly.manifest.overlay import is_null, overlaid
from evenly.manifest.problems import Problem, dotted
from evenly.manifest.reading import read_section
from evenly.manifest.schema import HERE, ON_AWS
from evenly.manifest.telling import at_the_top, kind, not_a_section, problem_at, text
from evenly.manifest.tree import Entry, Mapping, Scalar
from evenly.manifest.types import AWS_ALONE, LOCAL, Environment, Manifest, Target

KEY = "environments"
MOST = 20


class Written(Struct, frozen=True):
    """One environment. `values`: its own keys, and the manifest's as it has them, finished."""

    name: str
    values: dict[str, Any]


def read_environments(root: Mapping, problems: list[Problem]) -> list[Written]:
    """The environments of the manifest `root`. What is wrong with one is added to `problems`, but for what is wrong at
    the top, and is among them already."""
    found = [it for each in _entries(root, problems) if (it := _read(root, each, problems))]
    _check_service(root, found, problems)
    return found


def with_environments(manifest: Manifest, found: list[Written]) -> Manifest:
    """`manifest`, which has none, with those that were read, without a problem, from the same tree."""
    environments = {it.name: _environment(manifest, it) for it in found}
    return msgspec.structs.replace(manifest, environments=environments)


def overrides(manifest: Manifest, own: Manifest, target: Target) -> dict[str, Any]:
    """What an environment says differently that has `own` for `manifest`, neither with environments."""
    changed = _differences(msgspec.to_builtins(manifest), msgspec.to_builtins(own))
    return {key: it for key, it in changed.items() if target == "aws" or key not in AWS_ALONE}


def _entries(root: Mapping, problems: list[Problem]) -> list[Entry]:
    node = next((it.value for it in root.entries if it.key.text == KEY), None)
    if node is None or is_null(node):
        return []
    if not isinstance(node, Mapping):
        wrong = InvalidError(
            f"is {kind(node)}, where a section belongs.", "Write NAME: and what it is below it."
        )
        problems.append(problem_at(KEY, node.mark, None, wrong))
        return []
    entries = [it for it in node.entries if not it.is_extension and not is_null(it.value)]
    if len(entries) <= MOST:
        return entries
    problems.append(
        problem_at(KEY, node.mark, None, InvalidError(f"hold {len(entries)}.", f"Write {MOST} or less."))
    )
    return []


def _read(root: Mapping, entry: Entry, problems: list[Problem]) -> Written | None:
    name, here = entry.key.text, dotted(KEY, entry.key.text)
    section = HERE if name == LOCAL else ON_AWS
    try:
        check_environment_name(name)
    except InvalidError as wrong:
        problems.append(problem_at(here, entry.key.mark, None, wrong))
        return None
    if not isinstance(entry.value, Mapping):
        problems.append(not_a_section(entry.value, section, here))
        return None
    told: list[Problem] = []
    values = read_section(overlaid(_shared(root, name), entry.value, section), section, here, told)
    if name != LOCAL:
        told += _missing_region(entry, here)
    known = {_fault(it) for it in problems}
    problems.extend(it for it in told if _fault(it) not in known)
    return Written(name, dict(values)) if isinstance(values, dict) else None


def _shared(root: Mapping, name: str) -> Mapping:
    """What an environment has from the top: on this machine nothing that is of AWS alone."""
    left_out = AWS_ALONE if name == LOCAL else {}
    return Mapping(root.mark, tuple(it for it in root.entries if it.key.text not in left_out))


def _fault(problem: Problem) -> tuple[int | None, int, str, str]:
    """The same for a fault at the top and as each environment that has it from there would tell it."""
    return problem.line, problem.column, problem.what, at_the_top(problem.path)


def _missing_region(entry: Entry, here: str) -> list[Problem]:
    assert isinstance(entry.value, Mapping)  # noqa: S101  it was read
    said = {it.key.text for it in entry.value.entries if not is_null(it.value)}
    if said & {"region", "regions"}:
        return []
    wrong = InvalidError("is missing.", "Write where it runs, such as region: eu-west-1.")
    return [problem_at(dotted(here, "region"), entry.value.mark, None, wrong)]


def _check_service(root: Mapping, found: list[Written], problems: list[Problem]) -> None:
    """The name of a service that AWS does not take is told where it is written."""
    node = next((it.value for it in root.entries if it.key.text == "name"), None)
    is_refused = any(it.path == "name" for it in problems)
    if not isinstance(node, Scalar) or is_refused or all(it.name == LOCAL for it in found):
        return
    try:
        check_name_on_aws(node.text)
    except InvalidError as wrong:
        problems.append(problem_at("name", node.mark, text(node), wrong))


def _environment(manifest: Manifest, written: Written) -> Environment:
    values = dict(written.values)
    region = values.pop("region", None)
    place = {key: values.pop(key) for key in ("target", "regions", "account", "production") if key in values}
    own = msgspec.convert({**values, "name": manifest.name}, Manifest)
    target: Target = "local" if written.name == LOCAL else "aws"
    return Environment(
        target=target,
        regions=place.get("regions", () if region is None else (region,)),
        account=place.get("account"),
        production=place.get("production", False),
        overrides=overrides(manifest, own, target),
    )


def _differences(base: AnyMapping[str, Any], own: AnyMapping[str, Any]) -> dict[str, Any]:
    """What put over `base` gives `own`: `None` where a name of the user's is taken away."""
    changed = {
        key: _differences(base[key], it) if _are_mappings(base.get(key), it) else it
        for key, it in own.items()
        if key not in base or base[key] != it
    }
    return changed | {key: None for key in base if key not in own}


def _are_mappings(one: object, other: object) -> bool:
    return isinstance(one, AnyMapping) and isinstance(other, AnyMapping)
