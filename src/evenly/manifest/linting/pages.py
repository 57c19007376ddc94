"""Whether the user's error pages can be served, and stand on their own. Reads their folder."""

from collections.abc import Iterator
from pathlib import Path

from evenly.manifest.errorpages import LARGEST_PAGE_BYTES, most_exact, page_key
from evenly.manifest.linting.findings import Finding, error, folder_findings, warning
from evenly.manifest.linting.markup import read_markup
from evenly.manifest.types import Manifest

KEY = "http.error_pages"
_NAMES = "404.html, 4xx.html, 503.html or 5xx.html"
_SHOWN = 3


def page_findings(manifest: Manifest, folder: Path) -> Iterator[Finding]:
    """What is wrong with the folder of error pages, and with each page in it."""
    said = manifest.http.error_pages
    if said is None:
        return
    wrong = list(folder_findings(KEY, said, folder))
    yield from wrong or _files(said, folder / said)


def _files(said: str, there: Path) -> Iterator[Finding]:
    files = sorted(it for it in there.iterdir() if it.name.lower().endswith((".html", ".htm")))
    pages = {key: it for it in files if (key := page_key(it.name))}
    yield from _coverage(said, pages)
    for file in files:
        if file not in pages.values():
            yield warning(KEY, f"{file.name} is the page of no status.", f"Name it {_NAMES}, or the like.")
    for file in pages.values():
        yield from _page(file)


def _coverage(said: str, pages: dict[str, Path]) -> Iterator[Finding]:
    if not pages:
        yield warning(KEY, f"there is no page in {said}.", f"Begin with {_NAMES}.")
        return
    for status, what in ((404, "what is not there"), (503, "a service that is away")):
        if most_exact(pages, status) is None:
            names = f"{status}.html or {status // 100}xx.html"
            yield warning(KEY, f"there is no page for {what}: the built-in one is shown.", f"Write {names}.")


def _page(file: Path) -> Iterator[Finding]:
    try:
        raw = file.read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as problem:
        yield error(KEY, f"{file.name} can't be read: {problem.strerror}.", "Make it a readable file.")
        return
    except UnicodeDecodeError:
        yield error(KEY, f"{file.name} is not UTF-8 text.", "Save it as UTF-8.")
        return
    if len(raw) > LARGEST_PAGE_BYTES:
        most = f"{LARGEST_PAGE_BYTES // 1024} KiB"
        what = f"{file.name} has {len(raw) // 1024 + 1} KiB; the balancer takes at most {most}."
        yield error(KEY, what, "Make its pictures smaller, or serve them from your app.")
    yield from _content(file.name, text)


def _content(name: str, text: str) -> Iterator[Finding]:
    if not text.strip():
        yield warning(KEY, f"{name} is empty.", "Write what has happened, and what to do about it.")
        return
    markup = read_markup(text)
    if markup.remote:
        told = ", ".join(markup.remote[:_SHOWN]) + (", ..." if len(markup.remote) > _SHOWN else "")
        what = f"{name} loads from elsewhere, and browsers are told not to: {told}."
        yield warning(KEY, what, "Put it into the page itself, or serve it from your app.")
    if markup.scripts:
        yield warning(KEY, f"{name} has a script, and browsers are told to run none.", "Do without it.")
    if markup.charset not in ("utf-8", "utf8"):
        said = f"says it is {markup.charset}" if markup.charset else "does not name its characters"
        yield warning(KEY, f"{name} {said}.", 'Write <meta charset="utf-8"> first in its head.')
