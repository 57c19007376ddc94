"""Debian's Chromium, headless, that is asked to talk to nobody: for the tests in a browser and for the pictures of the
documentation."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """One browser; a process can have one at a time. Raises SystemExit where there is none."""
    program = shutil.which("chromium")
    if program is None:
        raise SystemExit("There is no chromium: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()
