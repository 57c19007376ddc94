"""What an edge itself says to a person when something is wrong: a calm page for each status. Pure.

A page is the user's own, where there is one, else a built-in one: whole in itself, with no script, no font and no
picture from anywhere. What can't be known before an answer is made is filled in by whoever makes it.
"""

import re
from html import escape

from msgspec import Struct

RETRY_AFTER_S = 2  # a zone's worth of instances is back within this time


class Page(Struct, frozen=True):
    """One answer: its status, the title that RFC 9110 gives it, and one or two sentences for a person.

    `becomes`: the status that is answered in place of this one."""

    status: int
    title: str
    detail: str
    retry_after_s: int | None = None
    becomes: int | None = None


BAD_REQUEST = Page(
    400, "Bad Request", "This request can't be answered here: its host name or its form is not one we know."
)
PAGES = (
    BAD_REQUEST,
    Page(405, "Method Not Allowed", "This can't be asked of this address."),
    Page(408, "Request Timeout", "The request took too long to arrive."),
    Page(413, "Content Too Large", "The request is larger than this service accepts."),
    Page(414, "URI Too Long", "The address is longer than this service accepts."),
    Page(429, "Too Many Requests", "Too many requests came from here at once. Please wait a moment.", 1),
    Page(
        431, "Request Header Fields Too Large", "The request's headers are larger than this service accepts."
    ),
    Page(426, "Upgrade Required", "This service speaks HTTP/1.1 and newer."),
    Page(501, "Not Implemented", "The request's body is coded in a way that this service does not read."),
    Page(502, "Bad Gateway", "The service gave an answer that made no sense. Trying again usually helps."),
    Page(
        503,
        "Service Unavailable",
        "Nobody is there to answer just now. It should be back in a moment.",
        RETRY_AFTER_S,
    ),
    Page(504, "Gateway Timeout", "The service took too long to answer. Trying again usually helps."),
)
OTHER = Page(500, "Error", "This request could not be answered.")

MOST = 20  # of each, so that a page can't outgrow the balancer's buffer
_STATUS = re.compile(r"\{\{ ?status ?\}\}")
_REFERENCE = re.compile(r"\{\{ ?request_id ?\}\}")


def own_html(text: str, status: str, reference: str) -> str:
    """A page of the user's with the status and the reference filled in, and nothing else touched."""
    return _REFERENCE.sub(lambda _: reference, _STATUS.sub(lambda _: status, text, count=MOST), count=MOST)


def html(page: Page) -> str:
    """The built-in page. `{mark}` in it is left to be filled in: what to name when one asks for help."""
    refresh = f'<meta http-equiv="refresh" content="{page.retry_after_s * 5}">' if page.retry_after_s else ""
    return (
        _HTML.replace("{refresh}", refresh)
        .replace("{title}", escape(page.title))
        .replace("{detail}", escape(page.detail, quote=False))
    )


_HTML = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
{refresh}
<title>{title}</title>
<style>
:root { color-scheme: light dark; --ground: #f7f7f5; --ink: #1f2328; --quiet: #5b636d; --line: #d9dbd6; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #15181c; --ink: #e8eaed; --quiet: #9aa3ad; --line: #30363d; }
}
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--ground);
  color: var(--ink); font: 1.0625rem/1.6 system-ui, sans-serif; }
main { max-width: 32rem; padding: 2rem; }
h1 { margin: 0 0 .5rem; font-size: 1.5rem; line-height: 1.25; font-weight: 600; }
p { margin: 0 0 1rem; }
small { display: block; border-top: 1px solid var(--line); padding-top: 1rem; color: var(--quiet);
  overflow-wrap: anywhere; }
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{detail}</p>
<small>{mark}</small>
</main>
</body>
</html>
"""
