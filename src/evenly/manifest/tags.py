"""The tags that a manifest may put on everything in AWS. Pure.

Of AWS's limits those that all of its services keep, each of which takes our tags: 50 to a resource, no two keys that
differ in case alone (IAM takes them for one), no key or value that begins with `aws:` or, for RDS, `rds:`.
https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-rds-dbinstance-tag.html
"""

import unicodedata
from collections.abc import Iterable

from evenly.manifest.checks import InvalidError, one_value
from evenly.manifest.shapes import Values
from evenly.manifest.tree import Node

OWNER, COST_CENTRE = "owner", "cost-centre"
WELL_KNOWN = (
    OWNER,
    COST_CENTRE,
)  # everything has them; where the manifest has not, they are the service's name
OURS = "evenly:"
RESERVED = ("name", "release")  # each resource's own; of a release's task and service alone

MOST_TAGS = 50
MOST_OWN = MOST_TAGS - 4 - len(WELL_KNOWN)  # beside the service's, the environment's, Name and release
MOST_KEY = 128  # characters
MOST_VALUE = 256

_PREFIXES = ("aws:", "rds:")
_SIGNS = frozenset(" _.:/=+-@")


def check_tag_key(key: str) -> None:
    """Raises `InvalidError` if no tag can have this key."""
    if not key:
        raise InvalidError("is empty.", "Write a key such as team.")
    if len(key) > MOST_KEY:
        raise InvalidError("is too long for the key of a tag.", f"Write {MOST_KEY} characters or less.")
    _check_characters(key)
    _check_reserved(key)


def tag_value(node: Node) -> str:
    """The value of a tag, exactly as it was written."""
    text = one_value(node, "Write one text, in quotes if need be.")
    if not text.strip():
        raise InvalidError("is empty.", "Write a value, or leave the tag out.")
    if len(text) > MOST_VALUE:
        raise InvalidError("is too long for a tag.", f"Write {MOST_VALUE} characters or less.")
    _check_characters(text)
    _check_prefix(text)
    return text


def check_tags(tags: Values) -> None:
    """Raises `InvalidError` if they can't all be on one thing."""
    own = [key for key in tags if key not in WELL_KNOWN]
    if len(own) > MOST_OWN:
        what = f"hold {len(own)} keys beside {OWNER} and {COST_CENTRE}, and Evenly adds its own."
        raise InvalidError(what, f"Write {MOST_OWN} or less: a thing in AWS bears {MOST_TAGS} in all.")
    first: dict[str, str] = {}
    for key in tags:
        other = first.setdefault(key.lower(), key)
        if other != key:
            what = f"hold {other} and {key}, which IAM takes for one key."
            raise InvalidError(what, "Keep one of the two.")


def near_well_known(keys: Iterable[str]) -> list[tuple[str, str]]:
    """The keys that look like a well-known one and are none, each with that one."""
    spelt = {"costcentre": COST_CENTRE, "costcenter": COST_CENTRE}
    plain = ((key, "".join(filter(str.isalnum, key.lower()))) for key in keys if key not in WELL_KNOWN)
    return [(key, spelt[word]) for key, word in plain if word in spelt]


def _check_characters(text: str) -> None:
    if not all(it in _SIGNS or unicodedata.category(it)[0] in "LN" for it in text):
        raise InvalidError(
            "holds a character that no tag may have.",
            "Write letters, digits, spaces and _ . : / = + - @ alone.",
        )


def _check_prefix(text: str) -> None:
    if text.lower().startswith(_PREFIXES):
        raise InvalidError(f"begins with {text[:4]}, which AWS keeps for itself.", "Leave that out.")


def _check_reserved(key: str) -> None:
    _check_prefix(key)
    lower = key.lower()
    if lower.startswith(OURS):
        raise InvalidError(f"begins with {OURS}, which Evenly keeps for itself.", "Write another key.")
    if lower in RESERVED:
        raise InvalidError(
            "is a tag that Evenly sets itself.", f"Write another key, such as service-{lower}."
        )
    if lower in WELL_KNOWN and key != lower:
        raise InvalidError("differs in case from a key that everything has.", f"Write {lower}.")
