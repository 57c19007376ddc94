"""What a plot shows of a load: its seconds, or several together, and nothing lost."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from evenly.verify._outcomes import Latency, LoadResult, Second
from evenly.verify.report.intervals import MOST, intervals, width_s


def load(*seconds: Second, sent_s: float) -> LoadResult:
    return LoadResult(0.0, sent_s, 0, (), {}, {}, {}, Latency(), 0.0, 0.0, seconds, sent_s)


def second(
    at_s: int, p50_ms: float = 1.0, p99_ms: float = 2.0, requests: int = 10, failed: int = 0
) -> Second:
    return Second(at_s, requests, failed, Latency(p50_ms=p50_ms, p99_ms=p99_ms), {"a": requests - failed})


def test_seconds_stay_seconds_while_they_are_few() -> None:
    found = intervals(load(second(0), second(1, 3.0, 9.0), sent_s=2.0))
    assert [(it.start_s, it.end_s, it.p50_ms, it.p99_ms) for it in found] == [
        (0, 1, 1.0, 2.0),
        (1, 2, 3.0, 9.0),
    ]


def test_the_last_second_is_as_long_as_it_was_sent_in() -> None:
    found = intervals(load(second(0), second(1), sent_s=1.4))[-1]
    assert (found.end_s, found.is_whole, round(found.rate(found.requests))) == (1.4, True, 25)
    assert not intervals(load(second(0), second(1), sent_s=1.1))[-1].is_whole


def test_what_is_due_after_the_last_stage_has_its_whole_second() -> None:
    assert intervals(load(second(0), second(4), sent_s=3.0))[-1].end_s == 5.0


def test_where_nothing_succeeded_there_is_no_latency() -> None:
    assert intervals(load(second(0, 0.0, 0.0, 10, 10), sent_s=1.0))[0].p99_ms is None


def test_where_nothing_was_due_there_is_nothing() -> None:
    assert [it.start_s for it in intervals(load(second(0), second(7), sent_s=8.0))] == [0, 7]
    assert intervals(load(sent_s=0.0)) == ()


def test_of_many_seconds_together_the_worst_p99_and_the_median_p50_stay() -> None:
    many = [second(it, p50_ms=1.0 + it % 5, p99_ms=90.0 if it == 301 else 5.0) for it in range(1200)]
    found = intervals(load(*many, sent_s=1200.0))
    assert width_s(found) == 5
    assert {it.p50_ms for it in found} == {3.0}
    assert [it.start_s for it in found if it.p99_ms == 90.0] == [300]


@given(st.sets(st.integers(0, 90_000), min_size=1, max_size=400))
def test_no_request_is_lost_and_pieces_are_not_many(at: set[int]) -> None:
    found = intervals(load(*[second(it, failed=it % 3) for it in sorted(at)], sent_s=max(at) + 1.0))
    assert sum(it.requests for it in found) == 10 * len(at)
    assert sum(it.failed for it in found) == sum(it % 3 for it in at)
    assert sum(it.by_zone["a"] for it in found) == sum(10 - it % 3 for it in at)
    assert len(found) <= MOST
    assert all(one.end_s <= other.start_s for one, other in pairwise(found))
