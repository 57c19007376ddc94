"""The figures of a run, from outcomes written by hand."""

from math import inf

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from evenly.verify._outcomes import LATE_S, Failure, Fault, Latency, LoadResult, Outcome, Second
from evenly.verify._schedule import Stage
from evenly.verify._tally import FAILURES_KEPT, MOST_PARTS, OTHERS, Tally
from evenly.verify.histogram import Histogram

TEN_SECONDS = (Stage(1, 10),)


def figures(
    *outcomes: Outcome,
    ended_s: float = 10.0,
    lateness_s: float = 0.0,
    stages: tuple[Stage, ...] = TEN_SECONDS,
) -> LoadResult:
    tally = Tally(stages)
    tally.begun(0.0, lateness_s)
    for each in outcomes:
        tally.add(each)
    return tally.result(started_s=100.0, ended_s=ended_s, sent_s=10.0)


def served(due_s: float, at_s: float, instance: str = "i-1", zone: str = "local-a") -> Outcome:
    return Outcome(due_s, at_s, None, 200, instance, zone)


def test_requests_are_counted_by_status_instance_and_zone() -> None:
    result = figures(
        served(0, 0.1),
        served(1, 1.1, "i-2", "local-b"),
        served(2, 2.1),
        Outcome(3, 3.1, Fault.STATUS, 503),
        Outcome(4, 4.1, Fault.REFUSED),
    )
    assert result.requests == 5
    assert result.by_status == {200: 3, 503: 1}
    assert result.by_instance == {"i-1": 2, "i-2": 1}
    assert result.by_zone == {"local-a": 2, "local-b": 1}


def test_failures_come_in_the_order_they_happened() -> None:
    result = figures(
        Outcome(1, 9, Fault.TIMEOUT),
        Outcome(3, 3.5, Fault.STATUS, 500),
        served(4, 4.1),
        Outcome(5, 5, Fault.TLS),
    )
    assert result.failed == (
        Failure(3.5, 3, Fault.STATUS, 500),
        Failure(5, 5, Fault.TLS, None),
        Failure(9, 1, Fault.TIMEOUT, None),
    )


def test_latency_counts_from_when_a_request_was_due() -> None:
    result = figures(*(served(n / 100, n / 100 + (n + 1) / 1000) for n in range(100)))
    for found, expected in (
        (result.latency.p50_ms, 50),
        (result.latency.p90_ms, 90),
        (result.latency.p95_ms, 95),
        (result.latency.p99_ms, 99),
        (result.latency.max_ms, 100),
    ):
        assert abs(found - expected) <= expected / 500


def test_what_failed_at_once_does_not_flatter_the_latency() -> None:
    quick_failures = (Outcome(n / 100, n / 100, Fault.REFUSED) for n in range(99))
    assert figures(*quick_failures, served(2, 3)).latency.p50_ms > 990


def test_without_a_success_there_is_no_latency() -> None:
    assert figures(Outcome(0, 1, Fault.BROKEN)).latency == Latency()


def test_the_longest_gap_is_between_two_successes() -> None:
    assert figures(served(0, 1), Outcome(2, 3, Fault.BROKEN), served(4, 6), served(6, 7)).longest_gap_s == 5


def test_the_edges_of_the_run_count_as_gaps() -> None:
    assert figures(served(0, 7), served(0, 8)).longest_gap_s == 7
    assert figures(served(0, 1), served(0, 2)).longest_gap_s == 8
    assert figures(Outcome(0, 1, Fault.REFUSED)).longest_gap_s == 10


def test_the_timeline_has_each_second_in_which_requests_were_due() -> None:
    result = figures(served(0.5, 0.6), Outcome(0.9, 1.4, Fault.STATUS, 502), served(2.0, 2.3))
    assert [replace(each, latency=Latency(), by_zone={}) for each in result.timeline] == [
        Second(0, 2, 1, Latency()),
        Second(2, 1, 0, Latency()),
    ]
    assert [round(each.latency.max_ms) for each in result.timeline] == [100, 300]


def test_a_run_whose_sender_was_late_is_void() -> None:
    assert figures(served(0, 1), lateness_s=LATE_S).void is None
    assert figures(served(0, 1), lateness_s=0.0512).void == "The sender was 51 ms late; up to 50 ms counts."


def test_a_run_whose_sender_ran_out_of_descriptors_is_void() -> None:
    assert figures(Outcome(0, 1, Fault.SENDER)).void == "The sender had no file descriptors left."


outcomes = st.builds(
    lambda due, took, fault: Outcome(due, due + took, fault, None if fault else 200),
    st.floats(0, 5),
    st.floats(0, 5),
    st.none() | st.sampled_from(Fault),
)


@given(st.lists(outcomes, max_size=30))
def test_every_request_is_counted_once(found: list[Outcome]) -> None:
    result = figures(*found)
    assert result.requests == len(found) == result.errors + result.by_status.get(200, 0)
    assert result.errors == len(result.failed) == sum(result.by_fault.values())
    assert Histogram.of_compact(result.histogram).total == len(found) - result.errors
    assert sum(each.requests for each in result.timeline) == len(found)
    assert sum(each.failed for each in result.timeline) == len(result.failed)
    assert 0 < result.longest_gap_s <= 10


@given(st.lists(outcomes, max_size=30))
def test_the_order_in_which_outcomes_come_changes_nothing(found: list[Outcome]) -> None:
    assert figures(*found) == figures(*reversed(found))


@given(st.lists(outcomes, max_size=30), st.lists(st.integers(1, 3), min_size=1, max_size=4))
def test_every_request_belongs_to_the_stage_it_was_due_in(found: list[Outcome], lasting: list[int]) -> None:
    stages = tuple(Stage(1, seconds) for seconds in lasting)
    result = figures(*found, stages=stages)
    for number, stage in enumerate(result.stages):
        end_s = stage.start_s + stage.duration_s if number < len(stages) - 1 else inf
        own = [each for each in found if stage.start_s <= each.due_s < end_s]
        assert (stage.requests, stage.failed) == (len(own), sum(each.fault is not None for each in own))
        assert stage.latency == figures(*own).latency


def test_lateness_is_that_of_its_stage_and_the_worst_is_that_of_the_run() -> None:
    tally = Tally((Stage(1, 5), Stage(1, 5)))
    for due_s, at_s in ((1, 1.01), (2, 2.03), (6, 6.002)):
        tally.begun(due_s, at_s)
    result = tally.result(started_s=0, ended_s=10, sent_s=10)
    assert [round(stage.lateness_s, 6) for stage in result.stages] == [0.03, 0.002]
    assert round(result.lateness_s, 6) == 0.03


def test_parts_have_figures_of_their_own_and_there_are_not_too_many() -> None:
    shop = (Outcome(0, 0.2, None, 200, name="GET /"), Outcome(1, 1.1, Fault.STATUS, 500, name="POST /orders"))
    first, second = figures(*shop).parts
    assert (first.name, first.requests, first.failed, round(first.latency.max_ms)) == ("GET /", 1, 0, 200)
    assert (second.name, second.requests, second.failed) == ("POST /orders", 1, 1)
    many = figures(*(Outcome(0, 1, None, 200, name=f"GET /{number}") for number in range(MOST_PARTS + 5)))
    assert len(many.parts) == MOST_PARTS + 1
    assert {part.name: part.requests for part in many.parts}[OTHERS] == 5


def test_each_failure_is_counted_and_the_first_are_kept() -> None:
    result = figures(*(Outcome(1, 2, Fault.REFUSED) for _ in range(FAILURES_KEPT + 7)))
    assert (result.errors, len(result.failed)) == (FAILURES_KEPT + 7, FAILURES_KEPT)


def test_what_a_scenario_raised_is_counted_by_its_words() -> None:
    tally = Tally(TEN_SECONDS)
    for number in range(100):
        tally.complain(f"shop.py:{number % 30}: AssertionError")
    told = tally.result(started_s=0, ended_s=1, sent_s=1).complaints
    assert sum(told.values()) == 100
    assert len(told) == 21


def test_the_rate_is_of_what_succeeded() -> None:
    assert figures(served(0, 1), served(1, 2), Outcome(2, 3, Fault.STATUS, 500)).rate == 0.2


def test_a_second_knows_the_zones_that_answered_in_it() -> None:
    result = figures(served(0, 0.1), served(0.5, 0.6, "i-2", "local-b"), served(1, 1.1))
    assert [each.by_zone for each in result.timeline] == [{"local-a": 1, "local-b": 1}, {"local-a": 1}]
