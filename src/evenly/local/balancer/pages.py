"""What the balancer itself says when something is wrong: a calm page for a browser, RFC 9457 problem JSON for
everything else. Pure.

A page is whole in itself: no script, no font and no picture from anywhere.
"""

from dataclasses import dataclass
from html import escape

from evenly.local.balancer.terms import Config

RETRY_AFTER_S = 2  # a zone's worth of instances is back within this time


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: its status, the title that RFC 9110 gives it, and one or two sentences for a person."""

    status: int
    title: str
    detail: str
    retry_after_s: int | None = None


PAGES = (
    Page(
        400,
        "Bad Request",
        "This request can't be answered here: its host name or its form is not one we know.",
    ),
    Page(404, "Not Found", "There is nothing at this address."),
    Page(405, "Method Not Allowed", "This can't be asked of this address."),
    Page(408, "Request Timeout", "The request took too long to arrive."),
    Page(413, "Content Too Large", "The request is larger than this service accepts."),
    Page(414, "URI Too Long", "The address is longer than this service accepts."),
    Page(429, "Too Many Requests", "Too many requests came from here at once. Please wait a moment.", 1),
    Page(
        431, "Request Header Fields Too Large", "The request's headers are larger than this service accepts."
    ),
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


def local_replies() -> Config:
    """The `local_reply_config`: applies to what Envoy makes itself, never to what an instance answers."""
    exact = [mapper for page in PAGES for mapper in _mappers(page, {"op": "EQ", "value": _at(page.status)})]
    rest = _mappers(OTHER, {"op": "GE", "value": _at(400)})
    return {"mappers": [*exact, *rest]}


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


def _mappers(page: Page, status: Config) -> tuple[Config, Config]:
    matched = {"status_code_filter": {"comparison": status}}
    browser = {"header_filter": {"header": {"name": "accept", "string_match": {"contains": "text/html"}}}}
    both = {"and_filter": {"filters": [matched, browser]}}
    as_html = {
        "text_format_source": {"inline_string": html(page)},
        "content_type": "text/html; charset=utf-8",
    }
    as_json = {"json_format": problem(page), "content_type": "application/problem+json"}
    return _mapper(page, both, as_html), _mapper(page, matched, as_json)


def _mapper(page: Page, matched: Config, body: Config) -> Config:
    return {"filter": matched, "body_format_override": body, "headers_to_add": _headers(page)}


def _headers(page: Page) -> list[Config]:
    headers = {"cache-control": "no-store", "vary": "accept", "x-content-type-options": "nosniff"}
    if page.retry_after_s:
        headers["retry-after"] = str(page.retry_after_s)
    return [
        {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        for key, value in headers.items()
    ]


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
