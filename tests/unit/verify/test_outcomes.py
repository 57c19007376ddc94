"""The figures of a run, from outcomes written by hand."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from evenly.verify._outcomes import (
    LATE_S,
    Failure,
    Fault,
    Latency,
    LoadResult,
    Outcome,
    Second,
    summarize,
)


def figures(*outcomes: Outcome, ended_s: float = 10.0, lateness_s: float = 0.0) -> LoadResult:
    return summarize(outcomes, started_s=100.0, ended_s=ended_s, lateness_s=lateness_s)


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
    assert [replace(each, latency=Latency()) for each in result.timeline] == [
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
    assert result.requests == len(found) == len(result.failed) + result.by_status.get(200, 0)
    assert sum(each.requests for each in result.timeline) == len(found)
    assert sum(each.failed for each in result.timeline) == len(result.failed)
    assert 0 < result.longest_gap_s <= 10
