"""The user's error pages in place of an app's bare errors: a filter of the balancer's. Reads its own script,
and nothing else.

Why a script, and what it costs: docs/adr/0011-error-pages-and-logs.md.
"""

from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path

from evenly.core.webheaders import PAGE_POLICY
from evenly.core.webpages import MOST
from evenly.local.balancer.headers import in_any_case
from evenly.local.balancer.settings import BalancerSettings
from evenly.local.balancer.terms import Config, extension

# An app's own word on its answer: `keep` it, or `replace` it by the user's page. Clients never see it.
HEADER = "x-evenly-error-page"
ASKED = "x-evenly-asked"
_ASKED = "%REQ(:METHOD)% %REQ(X-REQUEST-ID)% %REQ(ACCEPT):512%"


def filters(settings: BalancerSettings) -> list[Config]:
    """The filter that does it, to stand right before the router; none without pages of the user's."""
    if not settings.error_pages:
        return []
    return [
        extension(
            "envoy.filters.http.lua",
            "extensions.filters.http.lua.v3.Lua",
            default_source_code={"inline_string": script(settings.error_pages)},
        )
    ]


def asked(settings: BalancerSettings) -> list[Config]:
    """What the router notes on each answer for the filter to read, which takes it off again: an answer does not tell
    what was asked, and a filter with nothing to do for a request costs less."""
    return in_any_case({ASKED: _ASKED}) if settings.error_pages else []


def unread_headers(settings: BalancerSettings) -> list[str]:
    """What the router has to take off an answer: the app's word, where no filter is there to read it."""
    return [] if settings.error_pages else [HEADER]


def script(pages: Mapping[str, str]) -> str:
    """The filter's program."""
    titles = {str(int(status)): status.phrase for status in HTTPStatus if status >= HTTPStatus.BAD_REQUEST}
    given = (
        f"local PAGES = {_table(pages)}",
        f"local TITLES = {_table(titles)}",
        f"local POLICY = {_quoted(PAGE_POLICY)}",
        f"local MOST = {MOST}",
    )
    return "\n".join((*given, "", _program()))


@lru_cache(maxsize=1)
def _program() -> str:
    return Path(__file__).with_name("error_pages.lua").read_text("utf-8")


def _table(entries: Mapping[str, str]) -> str:
    return (
        "{" + ", ".join(f"[{_quoted(key)}] = {_quoted(text)}" for key, text in sorted(entries.items())) + "}"
    )


def _quoted(text: str) -> str:
    """`text` as a string of Lua's: what isn't printable ASCII by its bytes, as three digits each."""
    return '"' + "".join(_escaped(byte) for byte in text.encode()) + '"'


def _escaped(byte: int) -> str:
    return chr(byte) if 32 <= byte < 127 and byte not in (34, 92) else f"\\{byte:03d}"
