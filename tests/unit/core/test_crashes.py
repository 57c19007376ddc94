"""Which endings are crashes, and which crashes are a loop."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace
from tests.unit.core.world import ZONES, fleet, instance

from evenly.core.crashes import LOOP, SOON_S, WITHIN, has_crashed, loops
from evenly.core.facts import Happening
from evenly.core.fleet import ZoneFact
from evenly.core.status import InstanceState

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "more", "crashed"),
    [
        (InstanceState.HEALTHY, {}, True),
        (InstanceState.LAUNCHING, {}, True),
        (InstanceState.UNHEALTHY, {}, True),
        (InstanceState.DRAINING, {}, False),
        (InstanceState.STOPPING, {}, False),
        (InstanceState.UNHEALTHY, {"killed": True}, False),
        (InstanceState.LAUNCHING, {"killed": True, "given_up": True}, True),
    ],
)
def test_what_ends_unasked_has_crashed(state: InstanceState, more: dict[str, object], crashed: bool) -> None:
    assert has_crashed(fleet(instance("i-1", state=state, **more)), "i-1") is crashed


def test_what_goes_with_its_zone_has_not() -> None:
    held = fleet(instance("i-1", ZONES[0]), instance("i-2", ZONES[1]))
    lost = replace(held, zones=(ZoneFact(ZONES[0], available=False), ZoneFact(ZONES[1])))
    assert (has_crashed(lost, "i-1"), has_crashed(lost, "i-2"), has_crashed(lost, "i-3")) == (
        False,
        True,
        False,
    )


def happening(what: str | None, ran_s: float, ago: timedelta) -> Happening:
    return Happening(1, (NOW - ago).isoformat(), "ended", "it ended", crashed=what, ran_s=ran_s)


def test_a_loop_is_one_kind_again_and_again_soon_after_its_start_and_of_late() -> None:
    soon, late = timedelta(minutes=1), WITHIN
    app = [happening("app", 0.1, soon)] * LOOP
    assert loops(app, NOW) == {"app": LOOP}
    assert loops(app[1:], NOW) == {}
    assert loops([*app[1:], happening("worker mail", 0.1, soon)], NOW) == {}
    assert loops([*app[1:], happening("app", SOON_S, soon)], NOW) == {}
    assert loops([*app[1:], happening("app", 0.1, late)], NOW) == {}
    assert loops([happening(None, 0.1, soon)] * LOOP, NOW) == {}
