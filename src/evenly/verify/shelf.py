"""What was kept of runs, read again: how each went, and its page, made anew where it is missing. Touches the folder of
reports only."""

from pathlib import Path
from typing import assert_never

import msgspec
from msgspec import Struct

from evenly.verify.drillresult import Drills
from evenly.verify.keeping import VERSION, Kept, keep_index, keep_page, kept
from evenly.verify.loadreport import LoadReport
from evenly.verify.report import drills_html, load_html, verification_html
from evenly.verify.report.headlines import Headline, Tone, of_drills, of_load, of_verification
from evenly.verify.report.index import Entry, index_html
from evenly.verify.results import Verification

Result = Verification | Drills | LoadReport
UNREAD = Headline(Tone.UNREAD, "It can't be read: it is damaged, or of another version of Evenly.")
_TYPES: dict[str, type[Result]] = {"verify": Verification, "drill": Drills, "load": LoadReport}


class _Document(msgspec.Struct):
    """What `keeping.keep` writes."""

    kind: str
    version: int
    result: msgspec.Raw


class Shown(Struct, frozen=True):
    """A kept run. `page`: `None` where there is none, and none can be made."""

    kept: Kept
    about: str
    headline: Headline
    page: Path | None


def look(folder: Path) -> tuple[Shown, ...]:
    """All that are kept, the newest first. Raises OSError for a page that can't be written."""
    return tuple(_shown(it) for it in kept(folder))


def write_index(folder: Path, shown: tuple[Shown, ...]) -> Path:
    """The list as a page, in that folder. Raises OSError."""
    entries = [
        Entry(it.kept.kind, it.kept.at, it.about, it.headline, it.page.name if it.page else None)
        for it in shown
    ]
    return keep_index(folder, index_html(entries))


def _shown(found: Kept) -> Shown:
    result = _read(found)
    if result is None:
        return Shown(found, "", UNREAD, found.page if found.page.exists() else None)
    if not found.page.exists():
        keep_page(found, _page(result))
    return Shown(found, _about(result), _headline(result), found.page)


def _read(found: Kept) -> Result | None:
    try:
        document = msgspec.json.decode(found.data.read_bytes(), type=_Document)
        if document.version != VERSION:
            return None
        return msgspec.json.decode(document.result, type=_TYPES[found.kind])
    except (OSError, ValueError):  # msgspec's errors are ValueErrors
        return None


def _page(result: Result) -> str:
    match result:
        case Verification():
            return verification_html(result)
        case Drills():
            return drills_html(result)
        case LoadReport():
            return load_html(result)
    assert_never(result)


def _headline(result: Result) -> Headline:
    match result:
        case Verification():
            return of_verification(result)
        case Drills():
            return of_drills(result)
        case LoadReport():
            return of_load(result)
    assert_never(result)


def _about(result: Result) -> str:
    address = result.plan.url if isinstance(result, LoadReport) else result.url
    return result.environment or address
