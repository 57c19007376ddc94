"""Drills from the dashboard: asked for with care, by keyboard alone, followed as they run, and their verdict kept."""

import re
from datetime import UTC, datetime

import msgspec
import pytest
from playwright.sync_api import Page, expect
from tests import report_data as data
from tests.browser.conftest import Open
from tests.browser.staging import Theatre, half_lost, happening, status

from evenly.verify.keeping import keep
from evenly.verify.report import drills_html

SOON = 3_000  # ms
FAULT = "   3.02 s  fault: Zone local-b is lost, with all its instances."


def test_a_drill_is_asked_for_begun_and_stopped_by_keyboard(look: Open, stage: Theatre) -> None:
    page = look().page
    tab_to(page, "zone")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.locator("#confirm-no")).to_be_focused()  # what harms nobody comes first
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_hidden(timeout=SOON)
    expect(page.locator("#drill-said")).to_have_text("Drill zone runs.", timeout=SOON)
    expect(page.get_by_role("button", name="zone", exact=True)).to_be_focused()
    assert stage.ordered == ["zone", "200"]
    tab_to(page, "Stop")
    page.keyboard.press("Enter")
    expect(page.locator("#drill-lines li")).to_have_text(["put right"], timeout=SOON)
    expect(page.locator("#drill-said")).to_contain_text("What was broken is put right", timeout=SOON)
    expect(page.locator("#stop")).to_be_hidden()


def test_the_question_says_what_will_be_broken_and_that_it_is_put_right(look: Open, stage: Theatre) -> None:
    page = look().page
    page.locator("#rate").fill("350")
    page.get_by_role("button", name="database", exact=True).press("Enter")
    told = " ".join(page.get_by_role("dialog", name="Begin the drill database?").inner_text().split())
    assert "The database is killed. 350 requests a second are sent" in told
    assert "what was broken is put right" in told
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("button", name="database", exact=True)).to_be_focused()
    assert not (stage.folder / "ordered").exists()


def test_every_drill_is_offered_with_what_it_breaks(look: Open, stage: Theatre) -> None:
    window = look()
    assert window.texts("#drill-list button") == [
        "instance",
        "zone",
        "zone-return",
        "hang",
        "slow",
        "database",
        "database-failover",
        "balancer",
        "supervisor",
    ]
    assert window.texts("#drill-list span")[1] == "the last zone is lost, with all its instances"
    button = window.page.get_by_role("button", name="zone", exact=True)
    expect(button).to_have_accessible_description("the last zone is lost, with all its instances")


def test_the_rate_is_that_of_the_field(look: Open, stage: Theatre) -> None:
    page = look().page
    page.locator("#rate").fill("50")
    begin(page, "hang")
    assert stage.ordered == ["hang", "50"]


@pytest.mark.parametrize("rate", ["", "0", "2.5", "-3", "100001"])
def test_a_rate_that_is_none_is_refused_with_a_reason(look: Open, stage: Theatre, rate: str) -> None:
    page = look().page
    page.locator("#rate").fill(rate)
    expect(page.locator("#drill-why")).to_contain_text("The rate is a whole number")
    no_drill_begins(page)


def test_where_it_is_not_healthy_none_begins_and_it_says_why(look: Open, stage: Theatre) -> None:
    page = look().page
    stage.play(half_lost())
    expect(page.locator("#drill-why")).to_have_text(
        "A drill begins only when the environment is healthy again.", timeout=SOON
    )
    no_drill_begins(page)
    button = page.get_by_role("button", name="zone", exact=True)
    expect(button).to_have_accessible_description(re.compile("healthy again"))
    stage.play(status())
    expect(page.locator("#drill-why")).to_be_empty(timeout=SOON)
    begin(page, "zone")


def test_in_production_none_begins_and_it_says_why(look: Open, stage: Theatre) -> None:
    stage.target.is_production = True
    page = look().page
    expect(page.locator("#drill-why")).to_contain_text("This is production")
    no_drill_begins(page)


def test_what_the_dashboard_refuses_is_told_in_the_question(look: Open, stage: Theatre) -> None:
    page = look().page
    page.get_by_role("button", name="zone", exact=True).press("Enter")
    stage.play(half_lost())
    page.locator("#confirm-yes").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The environment is degraded", timeout=SOON)
    expect(page.get_by_role("alert")).to_contain_text("Try: evenly status")
    expect(page.get_by_role("dialog")).to_be_visible()
    stage.play(status())
    page.locator("#confirm-yes").press("Enter")
    expect(page.get_by_role("dialog")).to_be_hidden(timeout=SOON)


def test_while_one_runs_no_other_begins(look: Open, stage: Theatre) -> None:
    page, other = look().page, look().page
    begin(page, "slow")
    for each in (page, other):  # whoever began it
        expect(each.locator("#drill-why")).to_have_text("A drill runs: one at a time.", timeout=SOON)
        no_drill_begins(each)
    expect(other.locator("#stop")).to_be_visible()


def test_its_lines_come_as_it_runs_and_the_fault_is_marked(look: Open, stage: Theatre) -> None:
    page = look().page
    begin(page, "zone")
    stage.tell("Drill zone: Zone local-b is lost, with all its instances.", FAULT)
    lines = page.locator("#drill-lines li")
    expect(lines).to_have_count(2, timeout=SOON)
    expect(lines.last).to_have_text(FAULT.strip())
    expect(page.locator("#plot .label.fault")).to_have_text("zone drill", timeout=SOON)
    stage.happen(happening(5, "zone-lost", "zone local-b is lost", zone="local-b"))  # that same fault
    expect(page.locator("#events li")).to_have_count(1, timeout=SOON)
    page.wait_for_timeout(700)
    assert (page.locator("#plot .moment.fault").get_attribute("d") or "").count("M") == 1


@pytest.mark.parametrize(
    ("drill", "shape", "sentence"),
    [
        (data.drill(), "good", "Drill zone passed"),
        (data.failed_drill(), "bad", "12 of 1040 requests failed"),
        (data.drill(verdict=data.DrillVerdict.VOID, void="The sender was late."), "wrong", "void"),
    ],
    ids=["passed", "failed", "void"],
)
def test_its_verdict_leads_to_its_report(
    look: Open, stage: Theatre, drill: data.DrillResult, shape: str, sentence: str
) -> None:
    page = look().page
    begin(page, "zone")
    result = data.drills(drill)
    keep(stage.folder, "drill", result, drills_html(result), datetime.now(UTC))
    stage.tell(msgspec.json.encode(result).decode())
    expect(page.locator("#drill-said")).to_contain_text(sentence, timeout=2 * SOON)
    expect(page.locator("#drill-sign use")).to_have_attribute("href", f"#sign-{shape}")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Report").press("Enter")
    expect(opened.value.locator("h1")).to_contain_text(sentence)
    assert page.evaluate("document.querySelector('#stop').hidden")


def test_the_last_drill_is_known_to_who_comes_later(look: Open, stage: Theatre) -> None:
    page = look().page
    begin(page, "hang")
    stage.tell("Drill hang: it begins.")
    expect(page.locator("#drill-lines li")).to_have_count(1, timeout=SOON)
    later = look().page
    expect(later.locator("#drill-said")).to_have_text("Drill hang runs.")
    expect(later.locator("#drill-lines li")).to_have_text(["Drill hang: it begins."])


# --- how it is done


def tab_to(page: Page, name: str) -> None:
    """By the Tab key alone."""
    wanted = page.get_by_role("button", name=name, exact=True)
    for _ in range(80):
        page.keyboard.press("Tab")
        if wanted.evaluate("it => it === document.activeElement"):
            return
    raise AssertionError(f"{name} is not reached")


def begin(page: Page, kind: str) -> None:
    page.get_by_role("button", name=kind, exact=True).press("Enter")
    page.locator("#confirm-yes").press("Enter")
    expect(page.locator("#drill-said")).to_have_text(f"Drill {kind} runs.", timeout=SOON)


def no_drill_begins(page: Page) -> None:
    for button in page.locator("#drill-list button").all():
        expect(button).to_have_attribute("aria-disabled", "true")
    page.get_by_role("button", name="zone", exact=True).press("Enter")
    assert not page.get_by_role("dialog").is_visible()
