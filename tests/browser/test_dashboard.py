"""The dashboard in a real browser: it shows what its stream says, as it happens, and says so when it can't."""

import re

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import Open, Window
from tests.browser.staging import (
    DRAINING,
    LAUNCHING,
    UNHEALTHY,
    Theatre,
    half_lost,
    happening,
    id_of,
    instance,
    launches,
    status,
    zone,
)

from evenly.core.status import (
    DatabaseMember,
    JobRun,
    JobStatus,
    Outcome,
    PartState,
    PartStatus,
    PastRun,
    Role,
    WorkerStatus,
)

SOON = 5_000  # ms: within a second of the fact, and more on a machine that is busy
GONE = 9_000
NONE = PartStatus(PartState.DOWN, None)
WORKER = WorkerStatus("mail", 2, {"local-a": 1, "local-b": 0}, (), 1, id_of(9), "ended with code 1")
LAST = PastRun(
    Outcome.FAILED, None, None, "2026-03-01T11:00:00Z", None, "local-a", 1, 2, "ended with code 2", 1
)
JOBS = (
    JobStatus("report", "0 * * * *", None, LAST, "2026-03-01T13:00:00Z"),
    JobStatus("tidy", "@daily", JobRun("r", None, "2026-03-01T12:00:00Z", 1, "local-a"), None, None),
)


def test_it_says_how_the_environment_is(look: Open, stage: Theatre) -> None:
    window = look()
    assert window.texts("h1") == ["local is healthy: 4 of 4 instances serve, evenly over 2 zones."]
    assert window.texts("header p") == ["hello local https://localhost:8443/"]
    assert window.texts(".room .count") == ["2 of 2 serve", "2 of 2 serve"]
    assert parts(window) == {
        "balancer": ("running", "good"),
        "database": ("running", "good"),
        "supervisor": ("running", "good"),
        "release": ("3, 5 min old", "good"),
    }
    assert window.page.title() == "healthy \u00b7 local \u00b7 Evenly"


def test_every_instance_is_a_card_that_tells_all(look: Open, stage: Theatre) -> None:
    stage.play(
        status(zone("local-a", 1, 2, i2=UNHEALTHY), zone("local-b", 3, i3=LAUNCHING), state="degraded")
    )
    window = look()
    assert cards(window, "local-a") == {id_of(1): "healthy", id_of(2): "unhealthy"}
    assert cards(window, "local-b") == {id_of(3): "launching"}
    names = window.page.get_by_role("list", name="Instances in local-a").get_by_role("button")
    assert re.fullmatch(rf"healthy {id_of(1)} release 3 \S*5 min", " ".join(names.first.inner_text().split()))
    shapes = [it.get_attribute("href") for it in window.page.locator(".card use").all()]
    assert shapes == ["#sign-good", "#sign-wrong", "#sign-coming"]


def test_an_instance_comes_serves_drains_and_goes(look: Open, stage: Theatre) -> None:
    page = look().page
    card = page.locator(f".card[data-id={id_of(7)}]")
    for state in (LAUNCHING, instance(7).state, DRAINING):
        stage.play(status(zone("local-a", 1, 2, 7, i7=state), zone("local-b", 3, 4)))
        expect(card.locator("b")).to_have_text(state, timeout=SOON)
    card.get_by_role("button").focus()
    stage.play(status())
    expect(card.locator("b")).to_have_text("gone", timeout=SOON)
    expect(card).to_have_count(0, timeout=GONE)
    expect(page.locator("h3", has_text="local-a")).to_be_focused()  # not lost
    assert page.locator(".card").count() == 4


def test_places_that_wait_for_an_instance_are_outlined(look: Open, stage: Theatre) -> None:
    stage.play(status(zone("local-a", 1), zone("local-b", 3, 4), state="degraded"))
    window = look()
    assert window.texts(".room .count") == ["1 of 2 serves", "2 of 2 serve"]
    assert window.page.locator(".space.wanted").count() == 1


def test_shares_that_do_not_come_out_even_go_where_most_serve(look: Open, stage: Theatre) -> None:
    stage.play(status(zone("local-a", 1), zone("local-b", 2, 3), desired=3))
    assert look().texts(".room .count") == ["1 of 1 serves", "2 of 2 serve"]


def test_a_lost_zone_is_dark_and_says_so(look: Open, stage: Theatre) -> None:
    window = look()
    stage.play(half_lost())
    room = window.page.locator(".room", has_text="local-b")
    expect(room.locator(".door")).to_have_text("out", timeout=SOON)
    expect(room.locator(".door use")).to_have_attribute("href", "#sign-closed")
    expect(window.page.locator("h1")).to_have_text(
        "local is degraded: 2 of 4 instances serve; local-b is out."
    )
    assert window.texts(".room .count") == ["2 of 4 serve", "nothing serves here"]
    window.page.wait_for_timeout(800)
    ground = room.evaluate("it => getComputedStyle(it).backgroundColor")
    assert sum(map(int, re.findall(r"\d+", ground)[:3])) < 180
    stage.play(status())
    expect(room.locator(".door")).to_have_text("open", timeout=SOON)


@pytest.mark.parametrize(
    ("state", "in_sync", "shown"),
    [
        (PartState.RUNNING, True, ("in sync", "good")),
        (PartState.RUNNING, False, ("not in sync", "coming")),
        (PartState.STARTING, False, ("starting", "coming")),
        (PartState.DOWN, False, ("down", "bad")),
    ],
)
def test_the_databases_standby_is_shown_beside_it(
    look: Open, stage: Theatre, state: PartState, in_sync: bool, shown: tuple[str, str]
) -> None:
    primary = DatabaseMember("local-a", Role.PRIMARY, PartState.RUNNING, 101)
    standby = DatabaseMember("local-b", Role.STANDBY, state, 102, in_sync)
    stage.play(status(database_members=(primary, standby)))
    found = parts(look())
    assert list(found)[1:3] == ["database", "standby"]
    assert found["standby"] == shown


def test_a_part_that_is_down_has_a_word_and_a_shape(look: Open, stage: Theatre) -> None:
    window = look()
    stage.change(state="degraded", database=NONE)
    expect(window.page.locator("[data-part=database] b")).to_have_text("down", timeout=SOON)
    assert parts(window)["database"] == ("down", "bad")
    assert window.texts("h1")[0].endswith("; the database is down.")
    stage.change(database=None)
    expect(window.page.locator("[data-part=database] b")).to_have_text("none", timeout=SOON)


def test_a_problem_and_what_has_to_be_done_are_told(look: Open, stage: Theatre) -> None:
    window = look()
    stage.change(state="degraded", problem="It has no memory left.", notices=("The certificate ends soon.",))
    expect(window.page.locator("#said li")).to_have_text(
        ["It has no memory left.", "The certificate ends soon."], timeout=SOON
    )


def test_without_a_supervisor_it_says_that_this_is_the_record(look: Open, stage: Theatre) -> None:
    window = look()
    stage.change(supervisor=NONE)
    expect(window.page.locator("#said")).to_contain_text("The supervisor does not answer", timeout=SOON)
    expect(window.page.locator("#said")).to_contain_text("record")
    expect(window.page.locator("#drill-why")).to_have_text("A drill begins only when the supervisor answers.")
    stage.play(status())
    expect(window.page.locator("#said li")).to_have_count(0, timeout=SOON)


def test_an_environment_that_is_down_is_shown_as_that(look: Open, stage: Theatre) -> None:
    window = look()
    stage.play(None, rate=None)
    expect(window.page.locator("h1")).to_have_text("local is down: nothing runs.", timeout=SOON)
    assert window.texts(".door") == ["off", "off"]
    assert {shape for _, shape in list(parts(window).values())[:3]} == {"bad"}
    expect(window.page.locator("#drill-why")).to_contain_text("evenly up")
    expect(window.page.locator(".card")).to_have_count(0, timeout=GONE)


# --- events


def test_events_are_listed_the_newest_first(look: Open, stage: Theatre) -> None:
    stage.happen(*launches((1, 2)))
    window = look()
    stage.happen(happening(9, "zone-returns", "zone local-b returns"))
    expect(window.page.locator("#events li")).to_have_count(3, timeout=SOON)
    told = window.texts("#events .what")
    assert told[0] == "zone local-b returns"
    assert told[2] == f"instance {id_of(1)} launching: 4 are wanted"
    assert window.texts("#events time")[0] == stage.target.happened[-1].at[11:19]


def test_what_the_reader_looks_at_stays_where_it_is(look: Open, stage: Theatre) -> None:
    stage.happen(*launches(range(40)))
    page = look().page
    expect(page.locator("#events li")).to_have_count(40)
    row = page.locator("#events li", has_text=id_of(20))
    page.locator("#events-box").evaluate("it => it.scrollTop = 600")
    before = row.bounding_box()
    stage.happen(*launches((41, 42), 60))
    expect(page.locator("#events li")).to_have_count(42, timeout=SOON)
    assert row.bounding_box() == before


def test_the_events_of_one_instance_are_picked_by_keyboard(look: Open, stage: Theatre) -> None:
    stage.happen(*launches((1, 2, 3)))
    window = look()
    shown = window.page.locator("#events li:visible")
    card = window.page.locator(f".card[data-id={id_of(2)}] button")
    card.press("Enter")
    expect(shown).to_have_count(1)
    expect(card).to_have_attribute("aria-pressed", "true")
    assert id_of(2) in window.texts("#events li:visible")[0]
    window.page.locator("#show-all").press("Enter")
    expect(shown).to_have_count(3)
    shown.nth(0).get_by_role("button").press("Enter")
    expect(shown).to_have_count(1)
    assert window.texts("#filter code") == [id_of(3)]


# --- workers and jobs


def test_workers_and_jobs_are_shown_where_there_are_some(look: Open, stage: Theatre) -> None:
    window = look()
    expect(window.page.locator("#work")).to_be_hidden()
    stage.change(workers=(WORKER,), jobs=JOBS)
    expect(window.page.locator("#work")).to_be_visible(timeout=SOON)
    assert window.texts("#workers li")[0].startswith(f"mail 1 of 2 running {id_of(9)} ended with code 1")
    report, tidy = window.texts("#jobs li")
    assert report.startswith("report failed at 11:00:00 ended with code 2; 0 * * * *; next at 13:00:00")
    assert tidy.startswith("tidy running since 12:00:00; @daily; never again")


# --- how it is measured


def parts(window: Window) -> dict[str, tuple[str, str]]:
    """Of each: its word and its shape."""
    rows = window.page.locator("#parts li").all()
    return {
        it.get_attribute("data-part") or "": (
            it.locator("b").inner_text(),
            (it.locator("use").get_attribute("href") or "").removeprefix("#sign-"),
        )
        for it in rows
    }


def cards(window: Window, name: str) -> dict[str, str]:
    held = window.page.locator(".room", has_text=name).locator(".card").all()
    return {it.locator("code").inner_text(): it.locator("b").inner_text() for it in held}
