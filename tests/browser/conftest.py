"""A real browser, headless, that is asked to talk to nobody: one for all tests of a process, a fresh window each."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from tests import report_data as data

from evenly.core.facts import Happening
from evenly.verify._schedule import Stage
from evenly.verify.drillresult import DrillVerdict, Kind, SkippedDrill
from evenly.verify.report import drills_html, load_html, verification_html
from evenly.verify.report.headlines import Headline, Tone
from evenly.verify.report.index import Entry, index_html

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE, DESKTOP = 360, 1280


@dataclass(frozen=True)
class Window:
    """A page that was opened from disk, and every address that it asked for."""

    page: Page
    asked: list[str] = field(default_factory=list)

    def texts(self, selector: str) -> list[str]:
        return [" ".join(it.split()) for it in self.page.locator(selector).all_inner_texts()]

    def resize(self, width: int) -> Page:
        self.page.set_viewport_size({"width": width, "height": 900})
        return self.page


Open = Callable[..., Window]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def show(browser: Browser, reports: Mapping[str, Path]) -> Iterator[Open]:
    """Open the report of that name: `show("drill", width=360, dark=True)`."""
    contexts = []

    def opened(name: str, width: int = DESKTOP, dark: bool = False) -> Window:
        scheme = "dark" if dark else "light"
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme))
        window = Window(contexts[-1].new_page())
        window.page.on("request", lambda request: window.asked.append(request.url))
        window.page.goto(reports[name].as_uri())
        return window

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Every kind of page, on disk, by name."""
    folder = tmp_path_factory.mktemp("reports")
    pages = made()
    entries = [
        Entry(it, data.STARTED, "local", Headline(Tone.PASS, f"The {it}."), f"{it}.html") for it in pages
    ]
    pages["index"] = index_html(entries)
    files = {name: folder / f"{name}.html" for name in pages}
    for name, file in files.items():
        file.write_text(pages[name], encoding="utf-8")
    return files


def made() -> dict[str, str]:
    return {
        "verification": verification_html(data.verification()),
        "drill": drills_html(data.drills(data.drill())),
        "failed": drills_html(data.drills(data.failed_drill())),
        "drills": drills_html(all_drills()),
        "load": load_html(data.load_report()),
        "busy": load_html(BUSY),
    }


def all_drills() -> data.Drills:
    void = data.drill(
        verdict=DrillVerdict.VOID, void="The sender was 80 ms late; up to 50 ms counts.", kind=Kind.HANG
    )
    skipped = (SkippedDrill(Kind.DATABASE, "This environment has no database."),)
    return data.drills(data.drill(), data.failed_drill(), void, skipped=skipped)


EVENTS = tuple(
    Happening(
        it,
        f"2026-03-01T12:00:{4 + it * 0.13:06.3f}Z",
        "launched",
        "An instance launches.",
        f"i-{it:017x}",
        "local-a",
    )
    for it in range(90)
)


# Long, with a piece of several seconds each, many stages and many events.
def often_failing(due_s: float, chance: Random) -> data.Outcome:
    """Every third request of each third minute fails."""
    wrong = due_s % 180 < 60 and chance.random() < 1 / 3
    return data.failed(due_s) if wrong else data.answered(due_s, chance)


BUSY = data.load_report(
    stages=tuple(Stage(2.0 + it, 20.0) for it in range(20)), answer=often_failing, events=EVENTS
)


def violations(page: Page) -> str:
    """What axe has to say, as text; empty if nothing."""
    found = Axe().run(page)
    return found.generate_report() if found.violations_count else ""
