"""What an HTML page loads from elsewhere, runs, and says about its characters. Pure."""

import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser

from msgspec import Struct

_LOADED = {"src", "srcset", "poster", "data", "background", "xlink:href"}  # whatever the element
_LOADED_BY_HREF = {"image", "use"}  # in SVG
_LOADING_RELATIONS = {"stylesheet", "icon", "preload", "prefetch", "modulepreload", "manifest", "mask-icon"}
_RELATION_ENDS = "-icon"
_IN_STYLE = re.compile(
    r"""/\*.*?\*/ | url\(\s*["']?(?P<url>[^"')]*) | @import\s+["'](?P<imported>[^"']*)""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_REMOTE = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_CHARSET_IN_CONTENT = re.compile(r"charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)


class Markup(Struct, frozen=True):
    """What a page has in it. `remote`: addresses elsewhere, of what a browser would load at once, in order;
    `charset`: as it says, in lower case."""

    remote: tuple[str, ...]
    scripts: bool
    charset: str | None


def read_markup(text: str) -> Markup:
    """What is in the page `text`, however broken it is."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return Markup(tuple(dict.fromkeys(_remote(reader.loaded))), reader.scripts, reader.charset)


def _remote(addresses: Iterable[str]) -> Iterator[str]:
    return (it for it in (address.strip() for address in addresses) if _REMOTE.match(it))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.scripts = False
        self.charset: str | None = None
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        said = {name: value or "" for name, value in attrs}
        self.loaded += _loaded(tag, said)
        self.scripts = self.scripts or tag == "script" or any(map(_is_script, said, said.values()))
        if tag == "meta" and self.charset is None:
            self.charset = _charset(said)

    def handle_endtag(self, tag: str) -> None:
        self._in_style = self._in_style and tag != "style"

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.loaded += _in_style(data)


def _loaded(tag: str, said: dict[str, str]) -> Iterator[str]:
    for name in _LOADED & said.keys():
        yield from _candidates(said[name]) if name == "srcset" else (said[name],)
    if "href" in said and (tag in _LOADED_BY_HREF or (tag == "link" and _loads(said.get("rel", "")))):
        yield said["href"]
    yield from _in_style(said.get("style", ""))


def _loads(relation: str) -> bool:
    return any(it in _LOADING_RELATIONS or it.endswith(_RELATION_ENDS) for it in relation.lower().split())


def _candidates(srcset: str) -> Iterator[str]:
    return (words[0] for it in srcset.split(",") if (words := it.split()))


def _in_style(text: str) -> Iterator[str]:
    return (found["url"] or found["imported"] or "" for found in _IN_STYLE.finditer(text))


def _is_script(name: str, value: str) -> bool:
    return name.startswith("on") or value.strip().lower().startswith("javascript:")


def _charset(meta: dict[str, str]) -> str | None:
    if meta.get("charset"):
        return meta["charset"].strip().lower()
    if meta.get("http-equiv", "").lower() == "content-type":
        found = _CHARSET_IN_CONTENT.search(meta.get("content", ""))
        return found[1].lower() if found else None
    return None
