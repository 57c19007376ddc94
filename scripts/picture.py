"""Makes the pictures of the documentation from the real thing: brings the reference web service up in a new folder,
keeps what the terminal showed as an SVG, runs a drill, and takes screenshots of the page and of the drill's report in
headless Chromium.

    .venv/bin/python scripts/picture.py

Needs Debian's chromium. Writes docs/images/ and leaves nothing running.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
EVENLY = Path(sys.executable).with_name("evenly")
WIDTH = 96
CHROMIUM = (
    "chromium",
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--ignore-certificate-errors",
    "--hide-scrollbars",
    "--force-device-scale-factor=2",
)


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="evenly-") as made:
        folder = Path(made) / "hello"
        folder.mkdir()
        try:
            shown = evenly(folder, "up", "--detach")
            terminal(shown)
            url = json.loads(evenly(folder, "status", "--json", errors=False))["urls"]["https"]
            screenshot(url, "page.png", (900, 420), made)
            evenly(folder, "drill", "zone")
            report = max(folder.glob(".evenly/reports/*-drill.html"))
            screenshot(report.as_uri(), "report.png", (1000, 960), made)
        finally:
            evenly(folder, "down", "--delete-data", "--confirm", "local")


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


def screenshot(url: str, name: str, size: tuple[int, int], made: str) -> None:
    """The upper part of the page, `size` large."""
    if not shutil.which("chromium"):
        raise SystemExit("There is no chromium: apt install chromium")
    subprocess.run(
        [
            *CHROMIUM,
            f"--user-data-dir={made}/chromium",
            f"--window-size={size[0]},{size[1]}",
            f"--screenshot={IMAGES / name}",
            url,
        ],
        stderr=subprocess.DEVNULL,
        check=True,
        timeout=60,
    )


if __name__ == "__main__":
    main()
