"""The page that lists the reports that are kept. Pure."""

from collections.abc import Sequence

from msgspec import Struct

from evenly.verify.report.figures import count_of
from evenly.verify.report.headlines import Headline, Tone
from evenly.verify.report.markup import Markup, element
from evenly.verify.report.page import badge, page, time


class Entry(Struct, frozen=True):
    """One report. `at`: RFC 3339; `about`: environment or address; `href`: its page's, beside this one."""

    kind: str
    at: str
    about: str
    headline: Headline
    href: str | None


def index_html(entries: Sequence[Entry]) -> str:
    """The whole page. `entries`: in the order that is shown, the newest first."""
    told = f"{count_of(len(entries), 'report')}, the newest first." if entries else "No report yet."
    shown = element("ol", [element("li", _entry(it)) for it in entries], class_="reports")
    return page("evenly", "reports", Headline(Tone.DONE, told), shown)


def _entry(entry: Entry) -> list[Markup]:
    name = (
        element("a", entry.headline.text, href=entry.href)
        if entry.href
        else element("span", entry.headline.text)
    )
    told = (element("b", entry.kind), " ", entry.about, " \N{MIDDLE DOT} ", time(entry.at))
    return [badge(entry.headline.tone), name, element("span", *told, class_="quiet")]
