"""An environment on top of the rest of the manifest, as one tree: what it says, and what it has from the top. Pure.

Mappings go key by key, all else as a whole. A written `null` takes away what the top says; a key with nothing after it
takes nothing away. Every node keeps its own place in the file.
"""

from evenly.manifest.shapes import Named, Section, Shape, Variables
from evenly.manifest.tree import Entry, Mapping, Node, Scalar


class Inherited(Entry, frozen=True):
    """An entry that an environment has from the top of the manifest."""


def overlaid(top: Mapping, over: Mapping, section: Section) -> Mapping:
    """`over` on `top`, both of the shape of `section`."""
    before = {
        key: _kept(it, shape) for it in _inherited(top) if (shape := section.keys.get(key := it.key.text))
    }
    said = {entry.key.text for entry in over.entries}
    kept = [it for key, it in before.items() if key not in said]
    own = [_entry(before.get(it.key.text), it, section.keys.get(it.key.text)) for it in over.entries]
    return Mapping(over.mark, (*kept, *(it for it in own if it)))


def _kept(entry: Inherited, shape: Shape) -> Inherited:
    """With all that is in it inherited too."""
    if not isinstance(entry.value, Mapping) or not isinstance(shape, Section):
        return entry
    return Inherited(entry.key, overlaid(entry.value, Mapping(entry.value.mark, ()), shape))


def _inherited(top: Mapping) -> list[Inherited]:
    return [Inherited(entry.key, entry.value) for entry in top.entries if not entry.is_extension]


def _entry(top: Inherited | None, over: Entry, shape: Shape | None) -> Entry | None:
    """What there is of a key of the schema; `None`: it is as if it were not written."""
    if isinstance(shape, Section) and shape.nullable and is_null(over.value):
        return over
    if is_null(over.value):
        return None if is_written(over.value) else top
    if top is None:
        return over
    return Entry(over.key, _value(top.value, over.value, shape))


def _value(top: Node, over: Node, shape: Shape | None) -> Node:
    match top, over, shape:
        case Mapping(), Mapping(), Section():
            return overlaid(top, over, shape)
        case Mapping(), Mapping(), Named() | Variables():
            return _by_name(top, over, shape)
        case _:
            return over


def _by_name(top: Mapping, over: Mapping, shape: Named | Variables) -> Mapping:
    said = {entry.key.text for entry in over.entries}
    before = {it.key.text: it for it in _inherited(top)}
    kept = [it for name, it in before.items() if name not in said]
    own = [_named(before.get(it.key.text), it, shape) for it in over.entries]
    return Mapping(over.mark, (*kept, *(it for it in own if it)))


def _named(top: Inherited | None, over: Entry, shape: Named | Variables) -> Entry | None:
    """What there is of a name of the user's. Without one at the top it is read as it would be there."""
    if top is None:
        return over
    if is_null(over.value):
        says_nothing = isinstance(shape, Named) and not shape.nameable and not is_written(over.value)
        return top if says_nothing else None if is_written(over.value) else over
    inner = shape.value if isinstance(shape, Named) and isinstance(shape.value, Section) else None
    return Entry(over.key, _value(top.value, over.value, inner))


def is_null(node: Node) -> bool:
    """Whether nothing is said: no value, or a null."""
    return isinstance(node, Scalar) and node.is_null


def is_written(node: Node) -> bool:
    """Whether there is a word for it, as `null`."""
    return not isinstance(node, Scalar) or bool(node.text)
