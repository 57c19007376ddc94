"""The dashboard's figures and plots in a real browser: where they are drawn is what the stream said."""

import math
import re
from collections.abc import Sequence
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Open, Window
from tests.browser.staging import Theatre, half_lost, happening, launches, status
from tests.browser.test_dashboard import SOON


def test_the_large_figures_are_the_last_ones(look: Open, stage: Theatre) -> None:
    window = look()
    page = window.page
    window.until("heard.traffic.filter(it => it.p50_ms).length > 3")
    page.evaluate("heard.sources.forEach(it => it.close())")
    page.wait_for_timeout(200)
    last = page.evaluate("heard.traffic.at(-1)")
    for id, name in (
        ("requests", "requests_per_s"),
        ("p50", "p50_ms"),
        ("p99", "p99_ms"),
        ("active", "active"),
    ):
        shown = float(page.locator(f"#figure-{id}").inner_text())
        assert shown == pytest.approx(last[name], rel=0.01)


def test_the_lines_are_drawn_where_the_figures_are(look: Open, stage: Theatre) -> None:
    stage.play(status(), errors=20.0)
    window = look()
    heard = settled(window, "heard.traffic.filter(it => it.errors_per_s > 0).length > 5")
    known = [it for it in heard if it["requests_per_s"] is not None]
    y = axis(window.page, "requests", float)
    assert ys(window.page, ".rate") == pytest.approx([y(it["requests_per_s"]) for it in known], abs=0.6)
    timed = [it for it in heard if it["p50_ms"] is not None]
    y = axis(window.page, "latency", math.log10)
    for figure in ("p50", "p95", "p99"):
        drawn = [y(math.log10(it[f"{figure}_ms"])) for it in timed]
        assert ys(window.page, f".{figure}") == pytest.approx(drawn, abs=0.6)
    y = axis(window.page, "errors", float)
    wrong = [it["errors_per_s"] for it in known if it["errors_per_s"]]
    tops = re.findall(r"V([\d.]+)H", path(window.page, ".errors .failed"))
    assert [float(it) for it in tops] == pytest.approx([y(it) for it in wrong], abs=0.6)


def test_where_the_balancer_did_not_answer_there_is_a_gap(look: Open, stage: Theatre) -> None:
    window = look()
    window.until("heard.traffic.filter(it => it.requests_per_s).length > 3")
    stage.play(status(), rate=None)
    expect(window.page.locator("#silent")).to_be_visible(timeout=3 * SOON)
    assert window.texts("#figure-requests") == ["\u2013"]
    stage.play(status(), rate=100.0)
    expect(window.page.locator("#silent")).to_be_hidden(timeout=3 * SOON)
    window.until("heard.traffic.slice(-3).every(it => it.requests_per_s)")
    window.page.wait_for_timeout(100)
    assert path(window.page, ".rate").count("M") == 2


def test_a_gap_of_a_moment_is_one_too(look: Open, stage: Theatre) -> None:
    window = look()
    window.until("heard.traffic.filter(it => it.requests_per_s).length > 3")
    stage.play(status(), rate=None)
    window.until("heard.traffic.at(-1).requests_per_s === null")
    stage.play(status(), rate=200.0)
    settled(window, "heard.traffic.slice(-3).every(it => it.requests_per_s)")
    assert path(window.page, ".rate").count("M") == 2


def test_a_fault_and_every_event_are_marked_when_they_happened(look: Open, stage: Theatre) -> None:
    window = look()
    lost = happening(10, "zone-lost", "zone local-b is lost", ago_s=2.0, zone="local-b")
    stage.play(half_lost())
    stage.happen(lost, *launches((5, 6), 11))
    expect(window.page.locator(".label.fault")).to_have_text("local-b lost", timeout=SOON)
    stage.play(status())
    expect(window.page.locator(".label.full")).to_have_text("healthy again", timeout=SOON)
    expect(window.page.locator(".label.fault")).to_have_text("local-b lost")  # both have room
    page = window.page
    settled(window, "true")
    assert len(xs(page, ".moment.event")) == 2
    between = page.evaluate(
        "(await_ => Date.parse(await_[1]) - Date.parse(await_[0]))", [lost.at, stage.target.happened[-1].at]
    )
    fault, event = xs(page, ".moment.fault")[0], xs(page, ".moment.event")[0]
    across = 46, float(page.locator("#plot").get_attribute("width") or 0) - 14
    assert event - fault == pytest.approx(between / 60_000 * (across[1] - across[0]), abs=0.6)
    spell = page.locator("#plot .during")
    assert float(spell.get_attribute("width") or 0) > 0
    assert xs(page, ".moment.full")[0] == pytest.approx(
        float(spell.get_attribute("x") or 0) + float(spell.get_attribute("width") or 0), abs=0.6
    )


def test_the_last_figures_are_a_table_as_well(look: Open, stage: Theatre) -> None:
    window = look()
    page = window.page
    window.until("heard.traffic.filter(it => it.p50_ms).length > 3")
    page.locator("#plot-table summary").press("Enter")
    row = page.locator("#plot-figures tr").first
    expect(row).to_be_visible()
    cells = [float(it) for it in row.locator("td").all_inner_texts()]
    last = page.evaluate("heard.traffic.at(-1)")
    assert cells[0] == pytest.approx(last["requests_per_s"], rel=0.05)
    assert cells[3] == pytest.approx(last["p99_ms"], rel=0.05)


def test_five_minutes_are_shown_when_they_are_asked_for(look: Open, stage: Theatre) -> None:
    window = look()
    page = window.page
    window.until("heard.traffic.filter(it => it.requests_per_s).length > 5")
    page.locator("input[name=span]").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".second").first).to_have_text("5 min ago")
    points = [float(it) for it in re.findall(r"[ML]([\d.]+),", path(page, ".rate"))]
    width = float(page.locator("#plot").get_attribute("width") or 0) - 60
    assert points[1] - points[0] == pytest.approx(0.5 / 300 * width, abs=0.5)


# --- how it is measured


def settled(window: Window, condition: str) -> list[dict[str, Any]]:
    """Waits for that, and for the last frame; then nothing moves any more. Gives the traffic that was told."""
    window.until(condition)
    window.page.evaluate("heard.sources.forEach(it => it.close())")
    window.page.wait_for_timeout(200)
    return window.page.evaluate("heard.traffic")  # type: ignore[no-any-return]


def path(page: Page, selector: str) -> str:
    return page.locator(f"#plot {selector}").get_attribute("d") or ""


def ys(page: Page, selector: str) -> list[float]:
    return [float(it) for it in re.findall(r"[ML][\d.]+,([\d.]+)", path(page, selector))]


def xs(page: Page, selector: str) -> list[float]:
    return [float(it) for it in re.findall(r"M([\d.]+),", path(page, selector))]


def axis(page: Page, panel: str, of: Any) -> Any:
    """Where a value is, in pixels, by the grid's lines, each of which has its tick."""
    ticks = [
        of(float(it.replace(",", "")) or 0.0)
        for it in page.locator(f"#plot .{panel} .tick").all_text_contents()
    ]
    places: Sequence[float] = [
        float(it.get_attribute("y1") or 0) for it in page.locator(f"#plot .{panel} line").all()
    ]
    (low, bottom), *_, (high, top) = zip(ticks, places, strict=True)
    return lambda value: bottom + (value - low) / (high - low) * (top - bottom)
