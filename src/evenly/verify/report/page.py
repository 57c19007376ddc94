"""The page around a report: whole in itself, with no script, no font and no picture from anywhere. Pure, but for the
style sheet that lies beside it.

The content security policy allows that style by its hash, and nothing else: the page can't ask for anything.
"""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from evenly.verify.report.figures import moment
from evenly.verify.report.headlines import Headline, Tone
from evenly.verify.report.markup import Child, Markup, data_block, element, together
from evenly.verify.report.tables import facts

DATA = "data"
_HERE = Path(__file__).parent
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='%231f6f5c'%3E"
    "%3Crect x='3' y='4' width='18' height='6' rx='3'/%3E%3Crect x='3' y='14' width='18' height='6' rx='3'/%3E"
    "%3C/svg%3E"
)
_SIGNS = {
    Tone.PASS: "M5 12.5l4.5 4.5L19 7.5",
    Tone.FAIL: "M6.5 6.5l11 11M17.5 6.5l-11 11",
    Tone.VOID: "M12 6v7.5M12 17.2v.3",
    Tone.SKIPPED: "M6.5 12h11",
    Tone.DONE: "M12 12h.01",
    Tone.UNREAD: "M9 9.2a3 3 0 1 1 4.2 2.8c-.8.4-1.2 1-1.2 2M12 17.4v.1",
}


def page(command: str, about: str, headline: Headline, content: Child, data: object = None) -> str:
    """The whole document. `command`: what made it; `about`: of what; `data`: is put in as JSON."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy(style())),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="robots", content="noindex"),
        element("title", f"{headline.text} {command}"),
        element("link", rel="icon", href=_ICON),
        element("style", Markup(style())),
    )
    body = element(
        "body",
        _header(command, about),
        element("main", _verdict(headline), content),
        data_block(data, DATA) if data is not None else None,
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en').text}\n"


def badge(tone: Tone, word: str | None = None) -> Markup:
    """A verdict as a sign and a word."""
    return element("span", sign(tone), f" {word or tone}", class_=f"badge {tone.name.lower()}")


def sign(tone: Tone) -> Markup:
    drawn = (element("circle", cx="12", cy="12", r="11"), element("path", d=_SIGNS[tone]))
    return element("svg", drawn, viewBox="0 0 24 24", class_=f"sign {tone.name.lower()}", aria_hidden="true")


def figures(pairs: Sequence[tuple[str, Child]]) -> Markup:
    """The key figures, large."""
    return facts(pairs, "figures")


def time(at: str) -> Markup:
    return element("time", moment(at), datetime=at)


@cache
def style() -> str:
    return (_HERE / "tokens.css").read_text("utf-8") + (_HERE / "style.css").read_text("utf-8")


def _header(command: str, about: str) -> Markup:
    rows = [element("rect", x="3", y=y, width="18", height="6", rx="3") for y in ("4", "14")]
    mark = element("svg", rows, viewBox="0 0 24 24", aria_hidden="true")
    return element("header", mark, element("span", element("b", command), f" {about}"))


def _verdict(headline: Headline) -> Markup:
    judged = headline.tone is not Tone.DONE
    return element("h1", sign(headline.tone) if judged else None, element("span", headline.text))


def _policy(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )


def lead(*text: Child) -> Markup:
    return element("p", together(*text), class_="lead")
