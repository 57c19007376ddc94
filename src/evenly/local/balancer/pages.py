"""What the balancer itself says when something is wrong: a calm page for a browser, RFC 9457 problem JSON for
everything else. Pure.

The pages are those of every edge, `core.webpages`; here they become Envoy's configuration.
"""

from collections.abc import Mapping
from http import HTTPStatus

from msgspec.structs import replace

from evenly.core.webheaders import FOR_OWN_ANSWERS, PAGE_POLICY
from evenly.core.webpages import BAD_REQUEST, OTHER, PAGES, Page, html, own_html
from evenly.local.balancer.headers import in_any_case
from evenly.local.balancer.terms import Config
from evenly.manifest.errorpages import CLASSES, most_exact

# Envoy knows no route for `CONNECT` and for `OPTIONS *` alone: everything else has one.
UNROUTED = replace(BAD_REQUEST, status=404, becomes=400)
STATUS = "%RESPONSE_CODE%"
REFERENCE = "%REQ(X-REQUEST-ID)%"


def local_replies(own: Mapping[str, str]) -> Config:
    """The `local_reply_config`: applies to what Envoy makes itself, never to what an instance answers. `own`: the
    user's pages, by status or class. The first mapper that fits decides."""
    known = {page.status: page for page in (*PAGES, UNROUTED)}
    statuses = sorted(known.keys() | {int(key) for key in own if key not in CLASSES})
    exact = [
        mapper
        for status in statuses
        for mapper in _mappers(known.get(status) or _plain(status), most_exact(own, status), "EQ", status)
    ]
    server = _mappers(OTHER, own.get("5xx"), "GE", 500)
    client = _mappers(OTHER, own.get("4xx"), "GE", 400)
    return {"mappers": [*exact, *server, *client]}


def own_format(text: str) -> str:
    """A page of the user's as Envoy's format: only the status and the reference are filled in."""
    return own_html(text.replace("%", "%%"), STATUS, REFERENCE)


def page_format(page: Page) -> str:
    """The page as Envoy's format: only the reference is filled in, and that one is Envoy's own."""
    return html(page).replace("%", "%%").replace("{mark}", f"{STATUS} &middot; reference {REFERENCE}")


def problem(page: Page) -> Config:
    """The page as RFC 9457 problem JSON, in Envoy's format."""
    return {
        "type": "about:blank",
        "title": page.title,
        "status": STATUS,
        "detail": page.detail,
        "request_id": REFERENCE,
    }


def _plain(status: int) -> Page:
    """For a status that only the user has a page of."""
    titles = {int(it): it.phrase for it in HTTPStatus}
    return Page(status, titles.get(status, OTHER.title), OTHER.detail)


def _mappers(page: Page, own: str | None, op: str, status: int) -> tuple[Config, Config]:
    matched = {"status_code_filter": {"comparison": {"op": op, "value": _at(status)}}}
    both = {"and_filter": {"filters": [matched, *_BROWSER]}}
    as_html = {
        "text_format_source": {"inline_string": page_format(page) if own is None else own_format(own)},
        "content_type": "text/html; charset=utf-8",
    }
    as_json = {"json_format": problem(page), "content_type": "application/problem+json"}
    page_headers = _headers(page, **{"content-security-policy": PAGE_POLICY})
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
