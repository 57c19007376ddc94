"""From a template to the text that CloudFormation gets and people read: YAML, the short forms of the intrinsic
functions, keys in the order in which one reads them. Same template, same text. Pure.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

Json = Mapping[str, Any]

SECTIONS = (
    "AWSTemplateFormatVersion",
    "Description",
    "Transform",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
)
SECTIONS_LAST = ("Conditions", "Resources", "Outputs")
ATTRIBUTES = ("Type", "Condition", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy")
ATTRIBUTES_LAST = ("CreationPolicy", "UpdatePolicy", "Properties", "Metadata")
WIDE = 2**20  # characters: no line is broken where a person did not break it

# What has a short form. Not `Condition`: a statement of IAM has a key of that name.
SHORT = {
    "Ref": "!Ref",
    **{
        f"Fn::{name}": f"!{name}"
        for name in (
            "And",
            "Base64",
            "Cidr",
            "Equals",
            "FindInMap",
            "GetAZs",
            "GetAtt",
            "If",
            "ImportValue",
            "Join",
            "Not",
            "Or",
            "Select",
            "Split",
            "Sub",
        )
    },
}
# Digits that YAML 1.1 and 1.2 take for different things: an account of twelve digits, a date, 12:30.
_LIKE_A_NUMBER = re.compile(r"[-+]?\.?[0-9][0-9_.,:eExXoO+-]*")


def rendered(template: Json) -> str:
    """`template`, with the long forms of the intrinsic functions, as YAML. Values are strings, numbers, booleans, lists
    and mappings."""
    return str(
        yaml.dump(ordered(template), Dumper=_dumper(), sort_keys=False, width=WIDE, allow_unicode=True)
    )


def ordered(template: Json) -> dict[str, Any]:
    """`template` with its sections, and what each resource says, in the order in which one reads them. The resources
    and their properties stay as they are; tags come last."""
    found = dict(_in_order(template, SECTIONS, SECTIONS_LAST))
    for section, of_one in (("Parameters", _described), ("Resources", _resource), ("Outputs", _described)):
        if isinstance(found.get(section), Mapping):
            found[section] = {name: of_one(it) for name, it in found[section].items()}
    return found


def _described(it: Any) -> Any:
    return dict(_in_order(it, ("Description", "Type", "Value"), ())) if isinstance(it, Mapping) else it


def _resource(resource: Any) -> Any:
    if not isinstance(resource, Mapping):
        return resource
    found = dict(_in_order(resource, ATTRIBUTES, ATTRIBUTES_LAST))
    if isinstance(found.get("Properties"), Mapping):
        found["Properties"] = dict(_in_order(found["Properties"], (), ("Tags",)))
    return found


def _in_order(what: Json, first: tuple[str, ...], last: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    yield from ((key, what[key]) for key in first if key in what)
    yield from ((key, value) for key, value in what.items() if key not in first and key not in last)
    yield from ((key, what[key]) for key in last if key in what)


def _dumper() -> Any:
    """Of libyaml, which the wheels of PyYAML bring: ten times as fast as the one in Python."""
    made: Any = type("Dumper", (yaml.CSafeDumper,), {"ignore_aliases": lambda _self, _data: True})
    made.add_representer(dict, _mapping)
    made.add_representer(str, _text)
    return made


def _mapping(dumper: Any, data: dict[str, Any]) -> yaml.Node:
    if len(data) == 1:
        ((name, value),) = data.items()
        if name in SHORT and not _is_short(value):
            return _function(dumper, SHORT[name], value)
    node: yaml.Node = dumper.represent_mapping("tag:yaml.org,2002:map", data)
    return node


def _is_short(value: Any) -> bool:
    """Whether it would be written with a tag itself: YAML takes one tag at a place."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in SHORT


def _function(dumper: Any, tag: str, value: Any) -> yaml.Node:
    node: yaml.Node
    if tag == "!GetAtt" and isinstance(value, list | tuple) and all(isinstance(it, str) for it in value):
        value = ".".join(value)
    if isinstance(value, str):
        node = dumper.represent_scalar(tag, value, style=_style(value, tagged=True))
    elif isinstance(value, list | tuple):
        node = dumper.represent_sequence(tag, value, flow_style=_is_short_list(value))
    else:
        node = dumper.represent_mapping(tag, value)
    return node


def _is_short_list(value: Any) -> bool:
    """Whether it stays readable on one line."""
    return len(str(value)) <= 80 and all(not isinstance(it, list | dict) or _is_short(it) for it in value)


def _text(dumper: Any, data: str) -> yaml.Node:
    node: yaml.Node = dumper.represent_scalar("tag:yaml.org,2002:str", data, style=_style(data))
    return node


def _style(text: str, *, tagged: bool = False) -> str | None:
    if "\n" in text:
        return "|"
    return "'" if not tagged and _LIKE_A_NUMBER.fullmatch(text) else None
