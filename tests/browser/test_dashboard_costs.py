"""What the dashboard costs while it is open: little for an update, nothing for what did not change or is not seen."""

import re

from playwright.sync_api import CDPSession, expect
from tests.browser.conftest import Open
from tests.browser.staging import Theatre, crowd, half_lost, launches
from tests.browser.test_dashboard import SOON

MUTATIONS = """() => {
    window.changed = [];
    const named = it => it.id || it.getAttribute?.("class") || it.nodeName;
    new MutationObserver(all => changed.push(...all.map(it => named(it.target))))
        .observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true});
}"""
HIDE = """hidden => {
    Object.defineProperty(document, "hidden", {configurable: true, get: () => hidden});
    document.dispatchEvent(new Event("visibilitychange"));
}"""
FLOWING = r"figure-\w+|plot-described|rate|band|p\d\d|failed|moment \w+|tick|g|text|#text"
UPDATES = "heard.view.length + heard.traffic.length"


def test_an_update_costs_little_with_many_instances(look: Open, stage: Theatre) -> None:
    """In time of the processor, so that a machine with much else to do changes nothing."""
    stage.play(crowd())
    stage.happen(*launches(range(90)))
    window = look()
    session = window.page.context.new_cdp_session(window.page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    updates, before = window.page.evaluate(UPDATES), scripts_s(session)
    for place in range(8):
        stage.play(crowd(64 - place % 2))
        window.page.wait_for_timeout(300)
    updates = window.page.evaluate(UPDATES) - updates
    assert updates > 5
    assert (scripts_s(session) - before) / updates < 0.010


def test_what_did_not_change_is_left_alone(look: Open, stage: Theatre) -> None:
    window = look()
    window.page.wait_for_timeout(1_000)
    window.page.evaluate(MUTATIONS)
    seen = window.page.evaluate("heard.view.length")
    window.until(f"heard.view.length > {seen + 1}")
    changed = set(window.page.evaluate("changed"))
    assert changed and all(re.fullmatch(FLOWING, it) for it in changed), changed


def test_a_hidden_tab_draws_nothing_and_lets_go_after_a_minute(look: Open, stage: Theatre) -> None:
    window = look(clock=True)
    page = window.page
    page.evaluate(HIDE, True)
    page.wait_for_timeout(300)
    page.evaluate(MUTATIONS)
    stage.play(half_lost())
    page.wait_for_timeout(1_500)
    assert page.evaluate("changed") == []
    page.clock.fast_forward(61_000)
    page.wait_for_timeout(200)
    assert set(page.evaluate("heard.sources.map(it => it.readyState)")) == {2}
    page.evaluate(HIDE, False)
    expect(page.locator("h1")).to_contain_text("degraded", timeout=SOON)
    expect(page.locator("#connection")).to_be_hidden()


# --- how it is measured


def scripts_s(session: CDPSession) -> float:
    told = session.send("Performance.getMetrics")["metrics"]
    return next(float(it["value"]) for it in told if it["name"] == "ScriptDuration")
