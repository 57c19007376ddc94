"""Makes the pictures of the documentation from the real thing: brings the reference web service up in a new folder,
keeps what the terminal showed as an SVG, runs a drill from the dashboard, and takes screenshots of the page, of the
dashboard meanwhile, and of the drill's report in headless Chromium.

    .venv/bin/python scripts/picture.py

Needs Debian's chromium. Writes docs/images/ and leaves nothing running.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from chromium import chromium
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
EVENLY = Path(sys.executable).with_name("evenly")
WIDTH = 96
LOAD = ("load", "--rate", "50", "--for", "20s")  # so that the plots have something to show before


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="evenly-") as made:
        folder = Path(made) / "hello"
        folder.mkdir()
        try:
            shown = evenly(folder, "up", "--detach")
            terminal(shown)
            with chromium() as browser:
                pictures(browser, folder)
        finally:
            evenly(folder, "down", "--delete-data", "--confirm", "local")


def pictures(browser: Browser, folder: Path) -> None:
    url = json.loads(evenly(folder, "status", "--json", errors=False))["urls"]["https"]
    screenshot(page(browser, url, (900, 420)), "page.png")
    dashboard = page(browser, evenly(folder, "open", "--print", errors=False).strip(), (1280, 1100))
    evenly(folder, "scale", "4")
    evenly(folder, *LOAD)
    drill(dashboard)
    report = max(folder.glob(".evenly/reports/*-drill.html"))
    screenshot(page(browser, report.as_uri(), (1000, 960)), "report.png")


def drill(dashboard: Page) -> None:
    """Takes the dashboard's picture while a zone is lost, and waits for the drill's end."""
    dashboard.get_by_role("button", name="zone", exact=True).click()
    dashboard.get_by_role("button", name="Begin").click()
    dashboard.locator(".room[data-available=false]").wait_for(timeout=60_000)
    dashboard.locator(".card[data-state=launching]").first.wait_for()
    screenshot(dashboard, "dashboard.png")
    dashboard.get_by_role("link", name="Report").wait_for(timeout=120_000)


def evenly(folder: Path, *arguments: str, errors: bool = True) -> str:
    """What the command showed; with `errors`, stderr as well, as in a terminal."""
    done = subprocess.run(
        [EVENLY, *arguments],
        cwd=folder,
        env=os.environ | {"FORCE_COLOR": "1", "COLUMNS": str(WIDTH)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if errors else subprocess.DEVNULL,
        text=True,
        check=True,
    )
    return done.stdout


def terminal(shown: str) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(record=True, width=WIDTH, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123
    console.print(Text.from_ansi(f"$ evenly up --detach\n{shown.rstrip()}"))
    drawn = console.export_svg(title="hello")
    without_web_fonts = re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL)
    (IMAGES / "up.svg").write_text(without_web_fonts)


def page(browser: Browser, url: str, size: tuple[int, int]) -> Page:
    """A new window, so large, that shows it."""
    width, height = size
    opened = browser.new_page(
        viewport={"width": width, "height": height},
        device_scale_factor=2,
        ignore_https_errors=True,
        reduced_motion="reduce",  # a picture holds still
    )
    opened.goto(url)
    return opened


def screenshot(page: Page, name: str) -> None:
    page.screenshot(path=IMAGES / name)


if __name__ == "__main__":
    main()
