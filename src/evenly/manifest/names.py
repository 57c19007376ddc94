"""The names that a service and its host may have. Pure."""

import re
import unicodedata

MAX_NAME = 40
FALLBACK = "app"

# A service's name is also its database's: PostgreSQL has these already.
TAKEN = frozenset({"postgres", "template0", "template1"})

_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_OTHERS = re.compile(r"[^a-z0-9]+")


def is_name(text: str) -> bool:
    """Whether `text` can be the name of a service: a DNS label of at most 40 characters."""
    return bool(_NAME.fullmatch(text)) and text not in TAKEN


def name_from_folder(folder_name: str) -> str:
    """A valid name, as near to `folder_name` as one can be."""
    if is_name(folder_name):
        return folder_name
    plain = unicodedata.normalize("NFKD", folder_name).encode("ascii", "ignore").decode().lower()
    words = _OTHERS.sub("-", plain).strip("-")
    if not words:
        return FALLBACK
    name = words if words[0].isalpha() and words not in TAKEN else f"{FALLBACK}-{words}"
    return name[:MAX_NAME].rstrip("-")


def is_host_name(text: str) -> bool:
    """Whether `text` is a host name of two labels or more, in lower case, and no address."""
    labels = text.split(".")
    return (
        len(text) <= 253
        and len(labels) > 1
        and all(_LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdigit()
    )


def is_address(text: str) -> bool:
    """Whether `text` is an IP address, in brackets or not."""
    from ipaddress import ip_address  # only the wrong pay for it

    try:
        ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True
