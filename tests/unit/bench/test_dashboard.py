"""The pure part of the dashboard's benchmark."""

from bench.dashboard import Late, findings
from bench.figures import is_met
from bench.idle import Rest


def seen(cpu: float) -> dict[str, Rest]:
    return {"dashboard": Rest(cpu, 50.0), "peer": Rest(0.0, 20.0)}


def test_what_the_dashboard_is_measured_by() -> None:
    found = findings(seen(1.9), seen(7.0), [Late(0.3), Late(0.9), Late(1.2)], [Late(0.1)] * 3)
    quiet, _, watched, _, late = found.measures
    assert (quiet.ours, watched.ours, late.ours) == ((1.9,), (7.0,), (0.3, 0.9, 1.2))
    assert (is_met(quiet), is_met(watched), is_met(late)) == (True, None, True)


def test_a_dashboard_that_is_busy_or_late_misses_its_target() -> None:
    found = findings(seen(2.1), seen(2.1), [Late(1.1)], [Late(0.1)])
    assert [is_met(found.measures[number]) for number in (0, 4)] == [False, False]
