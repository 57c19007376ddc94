"""A real browser, headless, that is asked to talk to nobody: one for all tests of a process, a fresh window each."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from scripts.chromium import chromium
from tests import report_data as data
from tests.browser.staging import Theatre

from evenly.core.facts import Happening
from evenly.verify._schedule import Stage
from evenly.verify.drillresult import DrillVerdict, Kind, SkippedDrill
from evenly.verify.report import drills_html, load_html, verification_html
from evenly.verify.report.headlines import Headline, Tone
from evenly.verify.report.index import Entry, index_html

PHONE, DESKTOP = 360, 1280
HAS_SCROLLBAR = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
EXPECTED = "Failed to load resource"  # of a request that the test wants refused, or a dashboard that it ends


@dataclass(frozen=True)
class Window:
    """A page that was opened from disk, and every address that it asked for."""

    page: Page
    asked: list[str] = field(default_factory=list)

    def texts(self, selector: str) -> list[str]:
        return [" ".join(it.split()) for it in self.page.locator(selector).all_inner_texts()]

    def until(self, condition: str, within_s: float = 20.0) -> None:
        """Waits for that expression; Playwright's own way needs a policy that allows `eval`."""
        end = time.monotonic() + within_s
        while not self.page.evaluate(condition):
            assert time.monotonic() < end, condition
            self.page.wait_for_timeout(50)

    def resize(self, width: int) -> Page:
        self.page.set_viewport_size({"width": width, "height": 900})
        return self.page


Open = Callable[..., Window]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as launched:
        yield launched


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


RECORD = """
    const native = EventSource;
    window.heard = {view: [], traffic: [], sources: []};
    window.EventSource = class extends native {
        constructor(address) {
            super(address);
            heard.sources.push(this);
            for (const name of ["view", "traffic"])
                this.addEventListener(name, it => heard[name].push(JSON.parse(it.data)));
        }
    };
"""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Theatre]:
    """A dashboard of an environment that is as the test says."""
    made = Theatre(tmp_path)
    made.open()
    yield made
    made.close()


@pytest.fixture
def look(browser: Browser, stage: Theatre) -> Iterator[Open]:
    """Open the dashboard: `look(width=360, dark=True)`; `calm`: without motion; `clock`: its clock is the
    test's. Whatever a test does, the page asks nobody but the dashboard,
    and the browser has nothing to complain of. `told`: what the stream said is kept in the page, as `heard`."""
    contexts, windows, complaints = [], [], []

    def opened(width: int = DESKTOP, dark: bool = False, calm: bool = False, clock: bool = False) -> Window:
        scheme = "dark" if dark else "light"
        motion = "reduce" if calm else "no-preference"
        contexts.append(
            browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion=motion
            )
        )
        windows.append(Window(contexts[-1].new_page()))
        window, page = windows[-1], windows[-1].page
        page.on("request", lambda request: window.asked.append(request.url))
        page.on("console", lambda it: complaints.append(it.text) if it.type in ("error", "warning") else None)
        page.on("pageerror", lambda it: complaints.append(str(it)))
        page.add_init_script(RECORD)
        if clock:
            page.clock.install()
        page.goto(stage.url)
        window.until(
            "heard.view.length && heard.traffic.length && document.querySelector('.second') !== null"
        )
        return window

    yield opened
    for context in contexts:
        context.close()
    assert [it for it in complaints if not it.startswith(EXPECTED)] == []
    for window in windows:
        assert all(it.startswith((stage.url, "data:")) for it in window.asked)


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
