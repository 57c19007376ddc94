"""Which file of `http.error_pages` is the page of what: `404.html` of one status, `4xx.html` of a class. Pure."""

import re
from collections.abc import Mapping
from typing import TypeVar

LARGEST_PAGE_BYTES = 30 * 1024  # what the balancer holds of one answer ends at 32 KiB
CLASSES = ("4xx", "5xx")

_NAME = re.compile(r"([45][0-9]{2}|4xx|5xx)\.html", re.ASCII)
T = TypeVar("T")


def page_key(file_name: str) -> str | None:
    """The status (`404`) or class (`4xx`) that the file is the page of; `None`: it is none."""
    found = _NAME.fullmatch(file_name)
    return found[1] if found else None


def most_exact(pages: Mapping[str, T], status: int) -> T | None:
    """The page of `status`: its own, else its class's, else none."""
    return pages.get(str(status), pages.get(f"{status // 100}xx"))
