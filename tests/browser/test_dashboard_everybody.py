"""The dashboard for everybody and for long: by keyboard, by ear, on a phone, calm, honest when it is cut off."""

import re

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import DESKTOP, HAS_SCROLLBAR, PHONE, Open, violations
from tests.browser.staging import (
    DRAINING,
    LAUNCHING,
    UNHEALTHY,
    Theatre,
    crowd,
    half_lost,
    happening,
    launches,
    status,
    zone,
)
from tests.browser.test_dashboard import GONE, JOBS, NONE, SOON, WORKER

from evenly.core.status import DatabaseMember, PartState, Role

HOSTILE = "<img src=x onerror=hacked=1><script>hacked=1</script>"
HOLD = "all => all.filter(it => it.scrollWidth > it.clientWidth).map(it => it.textContent)"

MEMBERS = (
    DatabaseMember("local-a", Role.PRIMARY, PartState.DOWN, None),
    DatabaseMember("local-b", Role.STANDBY, PartState.RUNNING, 102),
)


def everything(stage: Theatre) -> None:
    """Every kind of thing there is on the page."""
    zones = (
        zone("local-a", 1, 2, 5, 6, i1=UNHEALTHY, i5=LAUNCHING, i6=DRAINING),
        zone("local-b", available=False),
    )
    notices = ("The certificate ends soon.",)
    stage.happen(*launches((1, 2)), happening(9, "zone-lost", "zone local-b is lost", zone="local-b"))
    stage.play(
        status(
            *zones,
            state="degraded",
            database=NONE,
            workers=(WORKER,),
            jobs=JOBS,
            notices=notices,
            database_members=MEMBERS,
        ),
        errors=3.0,
    )


# --- cut off


def test_a_lost_connection_is_told_and_found_again(look: Open, stage: Theatre) -> None:
    page = look().page
    expect(page.locator("#connection")).to_be_hidden()
    stage.close()
    banner = page.locator("#connection")
    expect(banner).to_have_text(
        re.compile(r"No connection to the dashboard; last seen at \d\d:\d\d:\d\d UTC\."), timeout=SOON
    )
    expect(page.locator("#announcer")).to_contain_text("No connection")
    expect(page.locator("#drill-why")).to_have_text("There is no connection to the dashboard.")
    assert page.locator(".card").count() == 4  # what was seen last
    stage.open()
    expect(banner).to_have_text("Connected again.", timeout=8_000)
    expect(page.locator("#announcer")).to_have_text("Connected again.")
    stage.play(half_lost())
    expect(page.locator("h1")).to_contain_text("degraded", timeout=SOON)
    expect(banner).to_be_hidden(timeout=6_000)


def test_a_stream_that_falls_silent_counts_as_lost(look: Open, stage: Theatre) -> None:
    page = look().page
    page.context.set_offline(True)  # the browser notices nothing of an open connection
    page.evaluate("heard.sources[0].close()")
    expect(page.locator("#connection")).to_contain_text("No connection", timeout=9_000)
    page.context.set_offline(False)
    expect(page.locator("#connection")).to_have_text("Connected again.", timeout=9_000)


# --- by ear and by keyboard


def test_changes_of_state_are_announced_and_figures_are_not(look: Open, stage: Theatre) -> None:
    page = look().page
    page.wait_for_timeout(1_500)
    expect(page.get_by_role("status")).to_be_empty()
    stage.play(half_lost())
    expect(page.get_by_role("status")).to_have_text(
        "local is degraded: 2 of 4 instances serve; local-b is out.", timeout=SOON
    )
    stage.play(status())
    expect(page.get_by_role("status")).to_contain_text("local is healthy", timeout=SOON)
    stage.change(supervisor=NONE)
    expect(page.get_by_role("status")).to_have_text("The supervisor does not answer.", timeout=SOON)


def test_its_parts_are_found_by_their_roles(look: Open, stage: Theatre) -> None:
    page = look().page
    for role in ("banner", "main", "navigation"):
        assert page.get_by_role(role).count() == 1  # type: ignore[arg-type]
    assert page.locator("h1, h2, h3").evaluate_all("all => all.map(it => it.nodeName)")[0] == "H1"
    for name in ("Zones", "Traffic", "Drills", "Events", "Zone local-a"):
        assert page.get_by_role("region", name=name, exact=True).count() == 1
    plot = page.get_by_role("img", name=re.compile(r"Requests, latency and errors .* Now [\d.]+ requests"))
    expect(plot).to_be_visible(timeout=8_000)


def test_everything_is_reached_by_tab_and_shows_that_it_is(look: Open, stage: Theatre) -> None:
    everything(stage)
    page = look().page
    wanted = page.locator(":is(a[href], button:not(:disabled), input, summary, [tabindex='0']):visible")
    reached = [focused(page)]
    while True:
        page.keyboard.press("Tab")
        now = focused(page)
        if not now["name"] or now["name"] in {it["name"] for it in reached}:
            break
        assert now["shown"], now
        reached.append(now)
    grouped = (
        page.locator("input[name=span]").count() - 1
    )  # of a radio group one is reached, the others by arrows
    assert len(reached) - 1 == wanted.count() - grouped
    tops = [it["column"] for it in reached[1:]]
    assert tops == sorted(tops)  # the header, then one column, then the other


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_axe_finds_nothing(look: Open, stage: Theatre, width: int, dark: bool) -> None:
    window = look(width=width, dark=dark, calm=True)
    page = window.page
    window.until("heard.traffic.length > 2")
    page.locator("#plot-table summary").click()
    page.locator(".card button").first.click()
    assert violations(page) == ""
    page.get_by_role("button", name="zone", exact=True).click()
    assert violations(page) == ""
    page.keyboard.press("Escape")
    everything(stage)
    expect(page.locator(".card[data-state=gone]").first).to_be_visible(timeout=SOON)
    assert violations(page) == ""
    stage.close()
    expect(page.locator("#connection")).to_be_visible(timeout=SOON)
    assert violations(page) == ""
    stage.open()


def test_who_wants_no_motion_sees_none(look: Open, stage: Theatre) -> None:
    moving, calm = look().page, look(calm=True).page
    everything(stage)
    for page in (moving, calm):
        expect(page.locator(".card[data-state=launching]")).to_be_visible(timeout=SOON)
    assert moving.evaluate("document.getAnimations().length") > 0
    assert calm.evaluate("document.getAnimations().length") == 0


# --- on every screen


def test_nothing_is_wider_than_the_page(look: Open, stage: Theatre) -> None:
    everything(stage)
    window = look(width=PHONE)
    window.page.locator("#plot-table summary").click()
    for width in (320, PHONE, 480, 768, 1023, 1024, DESKTOP, 1920):
        window.resize(width).wait_for_timeout(100)
        assert not window.page.evaluate(HAS_SCROLLBAR), width
        assert window.page.locator("#parts li, button, .room").evaluate_all(HOLD) == [], width
    stage.change(problem="x" * 400)
    expect(window.page.locator("#said")).to_contain_text("xxx", timeout=SOON)
    assert not window.resize(PHONE).evaluate(HAS_SCROLLBAR)
    stage.play(crowd())
    expect(window.page.locator(".card")).to_have_count(64, timeout=GONE)
    assert not window.page.evaluate(HAS_SCROLLBAR)


def test_rooms_stand_side_by_side_and_on_a_phone_one_below_the_other(look: Open, stage: Theatre) -> None:
    window = look()
    one, other = (it.bounding_box() for it in window.page.locator(".room").all())
    assert one and other and one["y"] == other["y"] and one["x"] + one["width"] <= other["x"]
    window.resize(PHONE)
    one, other = (it.bounding_box() for it in window.page.locator(".room").all())
    assert one and other and one["x"] == other["x"] and one["y"] + one["height"] <= other["y"]


def test_sixty_four_instances_are_all_there_to_be_used(look: Open, stage: Theatre) -> None:
    stage.play(crowd())
    for width in (PHONE, DESKTOP):
        cards = look(width=width).page.locator(".card button")
        expect(cards).to_have_count(64)
        boxes = [it.bounding_box() for it in cards.all()]
        assert all(it and it["height"] >= 24 and it["width"] >= 140 for it in boxes)
        assert max(it["y"] + it["height"] for it in boxes if it) < 3_000


def test_nothing_jumps_when_a_zone_is_lost(look: Open, stage: Theatre) -> None:
    page = look().page
    page.wait_for_timeout(1_000)
    places = (
        "['#traffic', '#drills', '#history'].map(it => document.querySelector(it).getBoundingClientRect().y)"
    )
    before = page.evaluate(places)
    stage.play(half_lost())
    expect(page.locator(".room .door").last).to_have_text("out", timeout=SOON)
    assert page.evaluate(places) == before
    expect(page.locator(".card[data-state=gone]")).to_have_count(0, timeout=GONE)
    assert page.evaluate(places) == before


def test_it_is_light_or_dark_as_the_reader_likes(look: Open, stage: Theatre) -> None:
    shades = (
        "[document.body, document.querySelector('.room')].map(it => getComputedStyle(it).backgroundColor)"
    )
    light, dark = (look(dark=it).page.evaluate(shades) for it in (False, True))
    assert all(sum(map(int, re.findall(r"\d+", it)[:3])) > 720 for it in light)
    assert all(sum(map(int, re.findall(r"\d+", it)[:3])) < 100 for it in dark)


# --- safe


def test_what_comes_from_outside_is_text_and_nothing_more(look: Open, stage: Theatre) -> None:
    stage.target.name = stage.target.environment = HOSTILE
    stage.target.url = "javascript:hacked=1"
    stage.happen(happening(1, HOSTILE, f"instance {HOSTILE} launching", instance=HOSTILE, crashed=HOSTILE))
    hostile = WORKER.__class__(HOSTILE, 1, {HOSTILE: 0}, (), 1, HOSTILE, HOSTILE)
    stage.play(
        status(
            zone(HOSTILE, 1),
            zone("__proto__", 2),
            state="degraded",
            problem=HOSTILE,
            notices=(HOSTILE,),
            workers=(hostile,),
        )
    )
    window = look()
    page = window.page
    expect(page.locator("#events li")).to_have_count(1)
    page.locator("#events .pick").click()
    for place in ("#name", "#environment", ".room h3", "#said", "#events", "#workers", "#filter"):
        assert HOSTILE in (page.locator(place).first.text_content() or "")
    assert page.locator("img, main script").count() == 0
    assert page.evaluate("typeof hacked") == "undefined"
    assert page.locator("#address").get_attribute("href") is None


def test_it_keeps_to_the_strict_policy(look: Open, stage: Theatre) -> None:
    page = look().page
    held = page.context.request.get(stage.url).headers["content-security-policy"]
    assert "default-src 'none'" in held and "unsafe" not in held
    assert page.locator("[style]").evaluate_all("all => all.length") == 0


def focused(page: Page) -> dict[str, object]:
    """What has the focus: its number in the page (none for the body), whether that is to be seen, and its column."""
    return page.evaluate("""() => {
        const it = document.activeElement;
        if (it === document.body) return {name: "", shown: false, column: 0};
        const all = [...document.querySelectorAll("*")];
        const places = [it, it.closest(".spans")].filter(each => each && getComputedStyle(each).opacity !== "0");
        const outlined = places.some(each => getComputedStyle(each).outlineStyle !== "none");
        const column = it.closest(".side") ? 2 : it.closest(".stage") ? 1 : 0;
        return {name: `${all.indexOf(it)}`, shown: outlined, column} }""")  # type: ignore[no-any-return]
