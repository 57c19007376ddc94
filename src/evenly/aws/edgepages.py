"""The error pages that CloudFront shows: the same as the local balancer's, as objects of a bucket. Pure.

They are kept under a version, which is made of their content: a distribution names the version, so that the pages
change with it and go back with it, and no cache has to be emptied. They have to be there before it names them.
"""

import hashlib
from collections.abc import Mapping

from evenly.core.webpages import OTHER, PAGES, html, own_html
from evenly.manifest.errorpages import most_exact

STATUSES = (502, 504)  # what CloudFront or the balancer says; an app's own answers pass as they are
FOLDER = "_evenly/errors"
NO_REFERENCE = "unknown"  # the pages are the same for every request
VERSION_DIGITS = 16


def pages(own: Mapping[str, str]) -> dict[int, str]:
    """The page of each status, as HTML. `own`: the user's pages, by status or class."""
    return {status: _page(status, most_exact(own, status)) for status in STATUSES}


def version(made: Mapping[int, str]) -> str:
    """Of the pages: the same for the same, in any order."""
    text = "\0".join(f"{status}\0{page}" for status, page in sorted(made.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:VERSION_DIGITS]


def objects(made: Mapping[int, str]) -> dict[str, bytes]:
    """The pages by their keys in the bucket."""
    return {key(version(made), status): page.encode() for status, page in made.items()}


def key(of_version: str, status: int) -> str:
    """Of a page. With a slash before it, it is the path that CloudFront asks for."""
    return f"{FOLDER}/{of_version}/{status}.html"


def _page(status: int, own: str | None) -> str:
    if own is not None:
        return own_html(own, str(status), NO_REFERENCE)
    known = {page.status: page for page in PAGES}
    return html(known.get(status, OTHER)).replace("{mark}", str(status))
