"""The reports in a real browser: they show what the data says, ask for nothing, fit every width, and everybody can
read them."""

import itertools
import math
import re
import socket
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Page
from tests import report_data as data
from tests.browser.conftest import BUSY, DESKTOP, HAS_SCROLLBAR, PHONE, Open, all_drills, violations

from evenly.verify.report.intervals import intervals

NAMES = ("verification", "drill", "failed", "drills", "load", "busy", "index")
WITH_PLOTS = ("drill", "load", "busy")
WIDTHS = (PHONE, 480, 767, 768, DESKTOP)

ASKING = """address => new Promise(done => {
    const image = new Image();
    image.onerror = image.onload = told => done(told.type);
    image.src = address;
    document.body.append(image) })"""


@dataclass(frozen=True)
class Axis:
    """Two ticks of an axis as the browser drew them: what they say, and where they are."""

    first: tuple[float, float]
    second: tuple[float, float]

    def place(self, value: float) -> float:
        (low, at_low), (high, at_high) = self.first, self.second
        return at_low + (value - low) / (high - low) * (at_high - at_low)


# --- it asks for nothing


@pytest.mark.parametrize("name", NAMES)
def test_a_page_asks_for_nothing_but_itself(show: Open, name: str) -> None:
    window = show(name)
    assert [it for it in window.asked if not it.startswith("data:")] == [window.page.url]


def test_its_policy_stops_what_would_ask(show: Open) -> None:
    page = show("drill").page
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        outcome = page.evaluate(ASKING, f"http://127.0.0.1:{server.getsockname()[1]}/x.png")
        assert outcome == "error"
        with pytest.raises(BlockingIOError):
            server.accept()
    page.evaluate("document.head.append(Object.assign(document.createElement('script'), {text: 'ran = 1'}))")
    assert page.evaluate("typeof ran") == "undefined"


# --- it shows what the data says


def test_the_figures_of_a_drill_are_the_data(show: Open) -> None:
    window, drill = show("failed"), data.failed_drill()
    assert window.texts("h1") == ["Drill zone failed: 12 of 1040 requests failed; 0 may."]
    shown = dict(zip(window.texts(".figures dt"), window.texts(".figures dd"), strict=True))
    assert shown["Requests"] == "1,040"
    assert shown["Failed"] == "12 0 allowed"
    assert shown["Detected after"] == "0.31 s"
    assert shown["Full again after"] == "4.21 s 15 s allowed"
    assert shown["Longest gap"].startswith(f"{drill.load.longest_gap_s:.2f} s")
    embedded = window.page.evaluate("JSON.parse(document.getElementById('data').textContent)")
    assert embedded == msgspec.json.decode(msgspec.json.encode(data.drills(drill)))


def test_the_fault_and_every_event_are_drawn_where_they_happened(show: Open) -> None:
    window = show("drill")
    for width in (PHONE, 700, DESKTOP):
        page = window.resize(width)
        axis = time_axis(page)
        expected = sorted({round(axis.place(it.at_s)) for it in data.moments()})
        assert sorted({round(it) for it in xs(page, "line.moment")}) == pytest.approx(expected, abs=1)
        assert xs(page, "line.moment.fault") == pytest.approx([axis.place(data.FAULT_AT_S)], abs=0.6)
        assert xs(page, "line.moment.full") == pytest.approx(
            [axis.place(data.FAULT_AT_S + data.FULL_S)], abs=0.6
        )
        tinted = box(page, "rect.during")
        assert tinted["x"] == pytest.approx(axis.place(data.FAULT_AT_S), abs=0.6)
        assert tinted["width"] == pytest.approx(axis.place(data.FULL_S) - axis.place(0), abs=0.6)


def test_every_moment_is_named_or_numbered_on_the_plot_and_told_beneath(show: Open) -> None:
    window = show("drill")
    labels = [it.text_content() or "" for it in window.page.locator("svg.plot:visible .label text").all()]
    numbers = set(itertools.chain.from_iterable(map(numbers_of, labels)))
    assert numbers == set(range(1, len(data.moments()) + 1))
    assert {"1 fault", "5 detected", "10 full again"} <= set(labels)
    rows = window.page.locator("table", has_text="What happened").locator("tbody tr").all_inner_texts()
    assert len(rows) == len(data.moments())
    for row, moment in zip(rows, data.moments(), strict=True):
        assert f"{moment.at_s:.2f}" in row and moment.what in row


def test_latency_is_drawn_at_its_figures(show: Open) -> None:
    page = show("drill").page
    found = intervals(data.drill().load)
    for line, figure in (("p50", "p50_ms"), ("p99", "p99_ms")):
        drawn = heights(page, f"path.{line}")
        axis = latency_axis(page)
        assert len(drawn) == len(found)
        expected = [axis.place(math.log10(getattr(it, figure))) for it in found]
        assert drawn == pytest.approx(expected, abs=0.6)


def test_there_is_a_bar_for_each_second_that_failed_as_high_as_it_did(show: Open) -> None:
    page = show("busy").page
    wrong = [it for it in intervals(BUSY.result) if it.failed]
    assert wrong
    bars = boxes(page, "rect.failed")
    axis, across = failed_axis(page), time_axis(page)
    assert len(bars) == len(wrong)
    for bar, it in zip(bars, wrong, strict=True):
        assert bar["y"] == pytest.approx(axis.place(it.failed), abs=0.6)
        assert across.place(it.start_s) <= bar["x"] + 0.6
        assert bar["x"] + bar["width"] <= across.place(it.end_s) + 0.6


def test_where_nothing_failed_no_bar_is_drawn_and_it_is_said(show: Open) -> None:
    page = show("drill").page
    assert page.locator("rect.failed").count() == 0
    assert page.locator("svg.plot:visible text", has_text="Failed requests: none").is_visible()


def test_who_answered_has_a_bar_each_as_long_as_its_share(show: Open) -> None:
    page, load = show("load").page, data.load_report().result
    for name, counts in (("Requests by zone", load.by_zone), ("Requests by instance", load.by_instance)):
        rows = page.get_by_role("group", name=name).locator("tbody tr").all()
        assert len(rows) == len(counts)
        for row, key in zip(rows, sorted(counts), strict=True):
            assert row.locator("th").inner_text() == key
            assert row.locator("td").nth(1).inner_text() == f"{counts[key]:,}"
            bar, whole = row.locator("rect").bounding_box(), row.locator(".bar").bounding_box()
            assert bar and whole
            assert bar["width"] / whole["width"] == pytest.approx(
                counts[key] / max(counts.values()), abs=0.01
            )


def test_the_figures_beside_a_plot_are_those_of_each_second(show: Open) -> None:
    window = show("drill")
    folded = window.page.locator("details", has_text="The figures of this plot")
    assert not folded.locator("table").is_visible()
    folded.locator("summary").focus()
    window.page.keyboard.press("Enter")
    rows = [it.split("\t") for it in folded.locator("tbody tr").all_inner_texts()]
    found = data.drill().load.timeline
    assert [(int(it[0]), int(it[1]), int(it[2])) for it in rows] == [
        (it.at_s, it.requests, it.failed) for it in found
    ]


def test_each_drill_of_many_is_reached_from_the_table(show: Open) -> None:
    window = show("drills")
    links = window.page.locator("table a").all()
    assert len(links) == len(all_drills().results)
    for link, drill in zip(links, all_drills().results, strict=True):
        link.click()
        assert window.page.evaluate("document.querySelector(':target').textContent").startswith(
            f"Drill {drill.kind}"
        )


def test_what_failed_is_open_and_comes_first(show: Open) -> None:
    window = show("verification")
    assert window.texts("h1") == ["1 of 7 checks failed, 1 skipped."]
    first = window.page.locator(".check").first
    assert "tls.expiry" in first.inner_text()
    assert first.get_by_text("days left: 2").is_visible()
    assert not window.page.get_by_text("TLS 1.1").is_visible()
    assert window.page.locator(".check").count() == len(data.verification().results)


def test_the_list_leads_to_each_report(show: Open) -> None:
    window = show("index")
    names = [it.get_attribute("href") for it in window.page.locator(".reports a").all()]
    assert names == [
        "verification.html",
        "drill.html",
        "failed.html",
        "drills.html",
        "load.html",
        "busy.html",
    ]
    window.page.locator(".reports a").nth(1).click()
    assert window.texts("h1")[0].startswith("Drill zone passed")


# --- everybody can read it


@pytest.mark.parametrize("name", WITH_PLOTS)
def test_no_label_covers_another_and_each_holds_its_text(show: Open, name: str) -> None:
    window = show(name)
    for width in WIDTHS:
        page = window.resize(width)
        grounds, words = boxes(page, ".label .ground"), boxes(page, ".label text")
        assert grounds and len(grounds) == len(words)
        assert not any(overlap(*pair) for pair in itertools.combinations(grounds, 2))
        for ground, word in zip(grounds, words, strict=True):
            assert ground["x"] <= word["x"] and word["x"] + word["width"] <= ground["x"] + ground["width"]


@pytest.mark.parametrize("name", WITH_PLOTS)
def test_text_in_a_plot_covers_no_other_and_is_large_enough(show: Open, name: str) -> None:
    window = show(name)
    for width in WIDTHS:
        page = window.resize(width)
        assert page.locator("svg.plot:visible").count() == 1
        texts = boxes(page, "text")
        assert min(it["height"] for it in texts) >= 11, width  # of the line, as the font has it
        assert not any(overlap(*pair, by=2.0) for pair in itertools.combinations(texts, 2)), width
        assert all(it["x"] >= 0 and it["x"] + it["width"] <= width for it in texts), width


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_wider_than_the_page(show: Open, name: str) -> None:
    window = show(name)
    for width in (320, PHONE, 768, DESKTOP):
        assert not window.resize(width).evaluate(HAS_SCROLLBAR), width


@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing(show: Open, name: str) -> None:
    window = show(name)
    window.page.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
    assert violations(window.page) == ""
    window.resize(PHONE).emulate_media(color_scheme="dark")
    assert violations(window.page) == ""


def test_it_is_light_or_dark_as_the_reader_likes(show: Open) -> None:
    light, dark = (luminance(show("drill", dark=it).page) for it in (False, True))
    assert light["paper"] > 0.8 > 0.2 > light["ink"]
    assert dark["paper"] < 0.1 < 0.7 < dark["ink"]
    assert light["fault"] != dark["fault"]


def test_on_paper_it_is_light_and_nothing_is_folded_away(show: Open) -> None:
    page = show("drill", dark=True).page
    page.emulate_media(media="print")
    assert luminance(page)["paper"] == 1.0
    assert page.locator("details table").first.is_visible()


# --- how it is measured


def boxes(page: Page, selector: str) -> list[dict[str, float]]:
    """Of each in the plot that is shown, in pixels of the page."""
    script = """all => all.map(it => {
        const {x, y, width, height} = it.getBoundingClientRect(); return {x, y, width, height} })"""
    return page.locator(f"svg.plot:visible {selector}").evaluate_all(script)  # type: ignore[no-any-return]


def box(page: Page, selector: str) -> dict[str, float]:
    (found,) = boxes(page, selector)
    return found


def xs(page: Page, selector: str) -> list[float]:
    return [it["x"] + it["width"] / 2 for it in boxes(page, selector)]


def overlap(one: dict[str, float], other: dict[str, float], by: float = 0.0) -> bool:
    def apart(at: str, size: str) -> bool:
        return one[at] + one[size] <= other[at] + by or other[at] + other[size] <= one[at] + by

    return not apart("x", "width") and not apart("y", "height")


def time_axis(page: Page) -> Axis:
    told = page.locator("svg.plot:visible .second").all_text_contents()
    first, *_, last = zip(map(clock, told), xs(page, ".second"), strict=True)
    return Axis(first, last)


def clock(told: str) -> float:
    minutes, _, seconds = told.rpartition(":")
    return 60 * int(minutes or 0) + int(seconds)


def latency_axis(page: Page) -> Axis:
    """Of the decimal logarithms."""
    return vertical(page, "g.latency", math.log10)


def failed_axis(page: Page) -> Axis:
    return vertical(page, "g.errors", float)


def vertical(page: Page, panel: str, of: Any) -> Axis:
    """By the grid's lines, each of which has a tick."""
    told = page.locator(f"svg.plot:visible {panel} .tick").all_text_contents()
    places = [it["y"] + it["height"] / 2 for it in boxes(page, f"{panel} :is(.grid, .axis)")]
    first, *_, last = zip((of(float(it.replace(",", ""))) for it in told), places, strict=True)
    return Axis(first, last)


def heights(page: Page, selector: str) -> list[float]:
    """Where the horizontal pieces of a path are, in pixels of the page."""
    drawn = page.locator(f"svg.plot:visible {selector}")
    script = "it => { const {a, d, e, f} = it.getScreenCTM(); return [d, f] }"
    scale, shift = drawn.evaluate(script)
    path = drawn.get_attribute("d") or ""
    found, y = [], 0.0
    for letter, numbers in re.findall(r"([MHV])([-0-9.,]+)", path):
        if letter == "H":
            found.append(y * scale + shift)
        else:
            y = float(numbers.rpartition(",")[2])
    return found


def numbers_of(label: str) -> list[int]:
    first, dash, last = label.partition("\u2013")
    return list(range(int(first), int(last) + 1)) if dash else [int(label.split()[0])]


def luminance(page: Page) -> dict[str, float]:
    """0 to 1, of the page, its text and the fault's line."""
    script = """() => {
        const of = (where, what) => getComputedStyle(document.querySelector(where))[what];
        return {paper: of('body', 'backgroundColor'), ink: of('body', 'color'),
            fault: of('.moment.fault', 'stroke')} }"""
    return {
        name: sum(map(int, re.findall(r"\d+", it)[:3])) / 765 for name, it in page.evaluate(script).items()
    }
