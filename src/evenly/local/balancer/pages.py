"""What the balancer itself says when something is wrong: a calm page for a browser, RFC 9457 problem JSON for
everything else. Pure.

A page is the user's own, where there is one, else a built-in one: whole in itself, with no script, no font and no
picture from anywhere.
"""

import re
from collections.abc import Mapping
from html import escape
from http import HTTPStatus

from msgspec import Struct
from msgspec.structs import replace

from evenly.local.balancer.headers import FOR_OWN_ANSWERS, in_any_case
from evenly.local.balancer.terms import Config
from evenly.manifest.errorpages import CLASSES, most_exact

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
    # Envoy knows no route for `CONNECT` and for `OPTIONS *` alone: everything else has one.
    replace(BAD_REQUEST, status=404, becomes=400),
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

# Of an error page, built in or the user's: it may look as it likes, load from this service alone, and run nothing.
POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
MOST = 20  # of each, so that a page can't outgrow the balancer's buffer
_STATUS = re.compile(r"\{\{ ?status ?\}\}")
_REFERENCE = re.compile(r"\{\{ ?request_id ?\}\}")


def local_replies(own: Mapping[str, str]) -> Config:
    """The `local_reply_config`: applies to what Envoy makes itself, never to what an instance answers. `own`: the
    user's pages, by status or class. The first mapper that fits decides."""
    known = {page.status: page for page in PAGES}
    statuses = sorted(known.keys() | {int(key) for key in own if key not in CLASSES})
    exact = [
        mapper
        for status in statuses
        for mapper in _mappers(known.get(status) or _plain(status), most_exact(own, status), "EQ", status)
    ]
    server = _mappers(OTHER, own.get("5xx"), "GE", 500)
    client = _mappers(OTHER, own.get("4xx"), "GE", 400)
    return {"mappers": [*exact, *server, *client]}


def own_html(text: str) -> str:
    """A page of the user's as Envoy's format: only the status and the reference are filled in."""
    escaped = _STATUS.sub("%RESPONSE_CODE%", text.replace("%", "%%"), count=MOST)
    return _REFERENCE.sub("%REQ(X-REQUEST-ID)%", escaped, count=MOST)


def html(page: Page) -> str:
    """The page as Envoy's format: only the reference is filled in, and that one is Envoy's own."""
    refresh = f'<meta http-equiv="refresh" content="{page.retry_after_s * 5}">' if page.retry_after_s else ""
    return (
        _HTML.replace("{refresh}", refresh)
        .replace("{title}", escape(page.title))
        .replace("{detail}", escape(page.detail, quote=False))
        .replace("%", "%%")
        .replace("{status}", "%RESPONSE_CODE%")
        .replace("{reference}", "%REQ(X-REQUEST-ID)%")
    )


def problem(page: Page) -> Config:
    """The page as RFC 9457 problem JSON, in Envoy's format."""
    return {
        "type": "about:blank",
        "title": page.title,
        "status": "%RESPONSE_CODE%",
        "detail": page.detail,
        "request_id": "%REQ(X-REQUEST-ID)%",
    }


def _plain(status: int) -> Page:
    """For a status that only the user has a page of."""
    titles = {int(it): it.phrase for it in HTTPStatus}
    return Page(status, titles.get(status, OTHER.title), OTHER.detail)


def _mappers(page: Page, own: str | None, op: str, status: int) -> tuple[Config, Config]:
    matched = {"status_code_filter": {"comparison": {"op": op, "value": _at(status)}}}
    both = {"and_filter": {"filters": [matched, *_BROWSER]}}
    as_html = {
        "text_format_source": {"inline_string": html(page) if own is None else own_html(own)},
        "content_type": "text/html; charset=utf-8",
    }
    as_json = {"json_format": problem(page), "content_type": "application/problem+json"}
    page_headers = _headers(page, **{"content-security-policy": POLICY})
    said = {"status_code": page.becomes} if page.becomes else {}
    return _mapper(both, as_html, page_headers) | said, _mapper(matched, as_json, _headers(page)) | said


def _mapper(matched: Config, body: Config, headers: list[Config]) -> Config:
    return {"filter": matched, "body_format_override": body, "headers_to_add": headers}


def _headers(page: Page, **more: str) -> list[Config]:
    later = {"retry-after": str(page.retry_after_s)} if page.retry_after_s else {}
    return in_any_case({**FOR_OWN_ANSWERS, "vary": "accept", **later, **more})


def _accept(**match: object) -> Config:
    inverted = {"invert_match": True} if match.pop("inverted", False) else {}
    return {"header_filter": {"header": {"name": "accept", "string_match": match, **inverted}}}


# Whoever names HTML, and not JSON before it, gets a page.
_BROWSER = (
    _accept(contains="text/html", ignore_case=True),
    _accept(safe_regex={"regex": "(?i).*json.*text/html.*"}, inverted=True),
)


def _at(status: int) -> Config:
    return {"default_value": status, "runtime_key": "evenly.unused"}


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
<small>{status} &middot; reference {reference}</small>
</main>
</body>
</html>
"""
