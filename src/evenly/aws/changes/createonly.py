"""Which properties a resource can't be given anew without being made anew. Reads its table, which is part of the
package.

The table is made from the resource schemas of AWS (createOnlyProperties and conditionalCreateOnlyProperties) by
scripts/createonly.py; a test compares the two.
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

from evenly.aws.changes.types import Replacement

TABLE = Path(__file__).with_name("createonly.json")


class Fixed(msgspec.Struct, frozen=True):
    """The properties of one type. `always`: another value is another resource. `maybe`: some values are."""

    always: frozenset[str] = frozenset()
    maybe: frozenset[str] = frozenset()


def recreation(kind: str, name: str) -> Replacement:
    """What another value of the property `name` does to a resource of the type `kind`; `MAYBE` for a type that the
    table does not know."""
    known = table().get(kind)
    if known is None:
        return Replacement.MAYBE
    if name in known.always:
        return Replacement.YES
    return Replacement.MAYBE if name in known.maybe else Replacement.NO


@cache
def table() -> Mapping[str, Fixed]:
    return msgspec.json.decode(TABLE.read_bytes(), type=dict[str, Fixed])
