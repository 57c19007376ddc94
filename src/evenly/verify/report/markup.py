"""HTML and SVG as values: whatever text is put in is escaped, and only markup is not. Pure."""

import json
import math
import re
from collections.abc import Iterable
from html import escape

import msgspec
from msgspec import Struct

# Characters that HTML can't hold, and those that turn the direction of the text around them.
_STEERING = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_VOID = frozenset({"br", "col", "hr", "link", "meta"})


class Markup(Struct, frozen=True):
    """What is written as it is."""

    text: str


Child = Markup | str | Iterable["Markup | str"] | None
Attribute = str | float | bool | None


def element(name: str, /, *children: Child, **attributes: Attribute) -> Markup:
    """One element. `class_` is `class`, `aria_label` is `aria-label`; an attribute that is `None` or `False` is left
    out, `True` has no value."""
    opened = f"<{name}{''.join(_attribute(*it) for it in attributes.items())}>"
    return Markup(opened) if name in _VOID else Markup(f"{opened}{together(*children).text}</{name}>")


def together(*children: Child) -> Markup:
    return Markup("".join(_written(it) for it in children))


def shown(text: str) -> str:
    """`text` with each character that could steer a page written out, as `\\x1b`."""
    return _STEERING.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def number(value: float) -> str:
    """For an attribute: two decimals at most."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def data_block(data: object, id: str) -> Markup:
    """`data` (dataclasses, plain values) as JSON that no page can mistake for markup."""
    text = json.dumps(_plain(msgspec.to_builtins(data, str_keys=True)), separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return element("script", Markup(text), type="application/json", id=id)


def _plain(value: object) -> object:
    match value:
        case dict():
            return {key: _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case float() if not math.isfinite(value):
            return None
        case float() if value.is_integer() and abs(value) < 1e15:
            return int(value)  # as it is once it was read again: the same data makes the same page
    return value


def _written(child: Child) -> str:
    match child:
        case None:
            return ""
        case Markup():
            return child.text
        case str():
            return escape(shown(child), quote=False)
    return "".join(_written(it) for it in child)


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    called = name.removesuffix("_").replace("_", "-")
    if value is True:
        return f" {called}"
    text = value if isinstance(value, str) else number(value)
    return f' {called}="{escape(shown(text))}"'
