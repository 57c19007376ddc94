"""The user's error pages as files of a release: read once, when the balancer's configuration is written."""

from pathlib import Path

from evenly.local.paths import Paths
from evenly.manifest.errorpages import LARGEST_PAGE_BYTES, page_key

FOLDER = "error_pages"


def page_files(folder: Path) -> dict[str, Path]:
    """The pages in `folder`, by status (`404`) or class (`4xx`)."""
    named = {key: file for file in sorted(folder.glob("*.html")) if (key := page_key(file.name))}
    return {key: file for key, file in named.items() if file.is_file()}


def release_pages(paths: Paths, number: int) -> dict[str, str]:
    """The pages of release `number`: what the user edits afterwards is for the next one."""
    return read_pages(paths.releases / str(number) / FOLDER)


def read_pages(folder: Path) -> dict[str, str]:
    """The pages' texts. `lint` refuses what is too large or not UTF-8, so that only a file that was changed
    behind its back is left out here; the built-in page then takes its place."""
    read = {key: _text(file) for key, file in page_files(folder).items()}
    return {key: text for key, text in read.items() if text is not None}


def _text(file: Path) -> str | None:
    try:
        return file.read_text("utf-8-sig") if file.stat().st_size <= LARGEST_PAGE_BYTES else None
    except (OSError, UnicodeDecodeError):
        return None
