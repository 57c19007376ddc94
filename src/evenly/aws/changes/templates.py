"""Templates as mappings: read from the text that CloudFormation keeps, and searched for what refers to what. Pure.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml
from msgspec import Struct

from evenly.aws.changes.types import Json
from evenly.errors import StateError

_SUBSTITUTED = re.compile(r"\$\{([^!}][^}]*)\}")


def read_template(text: str, where: str) -> Json:
    """A template of JSON or YAML, short forms as long ones. Raises StateError when it is neither: `where` it was."""
    try:
        found = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, Loader=_loader())  # noqa: S506
    except (json.JSONDecodeError, yaml.YAMLError) as error:
        what = f"its template can't be read: {str(error).splitlines()[0]}."
        raise StateError(what, where=where, try_="Look at it in the console of CloudFormation.") from error
    return found if isinstance(found, dict) else {}


def _loader() -> Any:
    """libyaml's where it is there; it makes plain values alone, and knows the tags of CloudFormation."""
    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    made: Any = type("Loader", (base,), {})
    made.add_multi_constructor("!", _function)
    made.yaml_implicit_resolvers = {  # a date stays the text that it is written as: "2012-10-17" is one
        first: [(tag, pattern) for tag, pattern in held if tag != "tag:yaml.org,2002:timestamp"]
        for first, held in base.yaml_implicit_resolvers.items()
    }
    return made


def _function(loader: Any, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    value = _constructed(loader, node)
    if name == "Fn::GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name: value}


def _constructed(loader: Any, node: yaml.Node) -> Any:
    match node:
        case yaml.ScalarNode():
            return loader.construct_scalar(node)
        case yaml.SequenceNode():
            return loader.construct_sequence(node, deep=True)
        case _:
            return loader.construct_mapping(node, deep=True)


def resources(template: Json) -> dict[str, Json]:
    found: dict[str, Json] = template.get("Resources") or {}
    return found


def defaults(template: Json) -> dict[str, str]:
    """The values that parameters have when none is given."""
    return {
        name: str(said["Default"])
        for name, said in (template.get("Parameters") or {}).items()
        if "Default" in said
    }


def parameters(template: Json) -> tuple[str, ...]:
    return tuple(template.get("Parameters") or ())


def outputs(template: Json) -> dict[str, Any]:
    """The value of each output, as the template says it."""
    return {name: said.get("Value") for name, said in (template.get("Outputs") or {}).items()}


class References(Struct, frozen=True):
    """What a part of a template refers to. `whole`: resources and parameters, by Ref. `attributes`: of resources, with
    the resource before the first dot."""

    whole: frozenset[str]
    attributes: frozenset[str]

    @property
    def asked(self) -> frozenset[str]:
        """The resources that an attribute is asked of."""
        return frozenset(it.partition(".")[0] for it in self.attributes)


def references(value: Any) -> References:
    found = tuple(_found(value))
    return References(
        frozenset(it for it in found if "." not in it), frozenset(it for it in found if "." in it)
    )


def _found(value: Any) -> Iterator[str]:
    match value:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": str(path)}:
            yield path
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            yield f"{name}.{attribute}"
        case {"Fn::Sub": said}:
            yield from _in_sub(said)
        case dict():
            for it in value.values():
                yield from _found(it)
        case list() | tuple():
            for it in value:
                yield from _found(it)


def _in_sub(said: Any) -> Iterator[str]:
    text, own = (said, {}) if isinstance(said, str) else (said[0], said[1])
    yield from (name for name in _SUBSTITUTED.findall(text) if name not in own)
    yield from _found(own)


def shown(value: Any) -> str | None:
    """A value of a template as text for people and for comparing; `None` for what is not there."""
    match value:
        case None:
            return None
        case bool():
            return str(value).lower()
        case str() | int() | float():
            return str(value)
        case _:
            return json.dumps(value, sort_keys=True)
