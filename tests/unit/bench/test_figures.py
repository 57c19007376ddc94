"""Ratios, targets and tables of the benchmarks."""

import pytest
from bench.figures import (
    Bound,
    Findings,
    Measure,
    Of,
    Report,
    Table,
    Target,
    alternate,
    as_markdown,
    is_met,
    machine,
    ratios,
    spread,
)


def test_pairs_are_taken_one_after_the_other_and_another_one_first_each_time() -> None:
    order: list[str] = []

    def run(name: str) -> str:
        order.append(name)
        return name

    ours, peer = alternate(3, lambda: run("ours"), lambda: run("peer"))
    assert (ours, peer) == (("ours",) * 3, ("peer",) * 3)
    assert order == ["ours", "peer", "peer", "ours", "ours", "peer"]


def test_a_ratio_is_of_its_own_pair() -> None:
    assert ratios(Measure("time", "s", (2.0, 9.0), (1.0, 3.0))) == (2.0, 3.0)


def test_nothing_is_compared_to_nothing() -> None:
    assert ratios(Measure("CPU", "%", (1.0, 1.0), (0.0, 1.0))) == ()


@pytest.mark.parametrize(
    ("ours", "target", "met"),
    [
        ((1.0, 5.0, 13.0), Target(Bound.AT_MOST, 2.5, Of.RATIO), True),
        ((1.0, 5.2, 13.0), Target(Bound.AT_MOST, 2.5, Of.RATIO), False),
        ((1.0, 5.0, 13.0), Target(Bound.AT_LEAST, 2.5, Of.RATIO), True),
        ((1.0, 5.0, 13.0), Target(Bound.AT_LEAST, 2.6, Of.RATIO), False),
        ((1.0, 5.0, 13.0), Target(Bound.AT_MOST, 5.0, Of.OURS), True),
        ((1.0, 5.0, 13.0), Target(Bound.AT_MOST, 4.9, Of.OURS), False),
        ((0.0, 0.0, 0.0), Target(Bound.AT_MOST, 0, Of.OURS), True),
        ((0.0, 0.0, 1.0), Target(Bound.AT_MOST, 0, Of.OURS), False),
        ((1.0, 5.0, 13.0), None, None),
    ],
)
def test_a_target_is_of_the_median_and_one_of_zero_of_every_run(
    ours: tuple[float, ...], target: Target | None, met: bool | None
) -> None:
    assert is_met(Measure("time", "s", ours, (2.0, 2.0, 2.0), target)) is met


def test_a_ratio_that_could_not_be_taken_meets_no_target() -> None:
    assert is_met(Measure("time", "s", (1.0,), (0.0,), Target(Bound.AT_MOST, 9, Of.RATIO))) is False


@pytest.mark.parametrize(
    ("figures", "unit", "told"),
    [
        ((1.234, 2.345, 9.996), "s", "2.35 s (1.23-10.00)"),
        ((12.34, 11.0, 99.9), "ms", "12.3 ms (11.0-99.9)"),
        ((1234.5,), "", "1,234"),
        ((0.0, 0.0), "", "0"),
    ],
)
def test_a_spread_shows_the_median_the_least_and_the_most(
    figures: tuple[float, ...], unit: str, told: str
) -> None:
    assert spread(figures, unit) == told


def test_a_report_is_shown_as_tables() -> None:
    measure = Measure("wall time", "ms", (60.0, 50.0), (10.0, 10.0), Target(Bound.AT_MOST, 5, Of.RATIO))
    table = Table("Where it goes", ("s", "done"), (("0.10", "launched"),))
    report = Report("help", "2 cores", "2026-01-31", Findings("nothing", (measure,), (table,)))
    assert as_markdown(report) == (
        "2 cores; 2026-01-31. Peer: nothing.\n\n"
        "| measured | Evenly | peer | ratio | target |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| wall time | 55.0 ms (50.0-60.0) | 10.0 ms | 5.50 x (5.00-6.00) | at most 5 x: **missed** |\n\n"
        "Where it goes:\n\n"
        "| s | done |\n"
        "| --- | --- |\n"
        "| 0.10 | launched |"
    )


def test_a_count_is_promised_without_a_unit() -> None:
    measure = Measure("failed", "", (0.0,), (0.0,), Target(Bound.AT_MOST, 0, Of.OURS))
    report = Report("zone_kill", "2 cores", "2026-01-31", Findings("nothing", (measure,)))
    assert as_markdown(report).endswith("| failed | 0 | 0 |  | at most 0: met |")


def test_the_machine_is_described_without_its_name() -> None:
    import platform

    assert "cores" in machine()
    assert platform.node() not in machine()
