"""Limits: what they read, what they refuse, and which results they fail."""

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.errors import UsageError
from evenly.verify._outcomes import Fault, LoadResult, Outcome
from evenly.verify._schedule import Stage
from evenly.verify._tally import Tally
from evenly.verify.limits import Broken, Limit, broken, parse_limit


def result(latencies_ms: list[float], failed: int = 0, *, every_s: float = 0.01) -> LoadResult:
    """Requests that came one after the other, the failed ones last."""
    count = len(latencies_ms) + failed
    tally = Tally([Stage(1 / every_s, max(1, count) * every_s)])
    for number, latency_ms in enumerate(latencies_ms):
        due_s = number * every_s
        tally.add(Outcome(due_s, due_s + latency_ms / 1000, None, 200))
    for number in range(len(latencies_ms), count):
        tally.add(Outcome(number * every_s, number * every_s, Fault.STATUS, 503))
    whole_s = max(1, count) * every_s
    return tally.result(started_s=0, ended_s=whole_s, sent_s=whole_s)


USUAL = result([float(ms) for ms in range(1, 101)], failed=1)


@pytest.mark.parametrize(
    ("text", "figure"),
    [
        ("p50 > 49ms", "50.02 ms"),
        ("p50 >= 50ms", "50.02 ms"),
        ("p99 > 0.05s", "99.01 ms"),
        ("p99.9>50ms", "100 ms"),
        ("p1 < 2ms", "1 ms"),
        ("max > 99ms", "100 ms"),
        ("max <= 1m", "100 ms"),
        ("p50 > 49000us", "50.02 ms"),
        ("errors > 0", "1"),
        ("errors >= 1", "1"),
        ("errors > 0.1%", "0.9901%"),
        ("rate < 450", "99.01/s"),
        ("rate < 99.5/s", "99.01/s"),
        ("gap > 1ms", "11 ms"),
    ],
)
def test_a_result_that_has_it_fails_and_the_figure_is_told(text: str, figure: str) -> None:
    assert broken([parse_limit(text)], USUAL) == (Broken(text, figure),)


@pytest.mark.parametrize(
    "text",
    [
        "p50 > 51ms",
        "p99 > 250ms",
        "max > 2s",
        "errors > 1",
        "errors > 1%",
        "rate < 90",
        "gap > 1s",
        "p50 < 1ms",
    ],
)
def test_a_result_that_has_it_not_passes(text: str) -> None:
    assert broken([parse_limit(text)], USUAL) == ()


def test_several_are_each_judged_in_their_order() -> None:
    limits = list(map(parse_limit, ("errors > 0", "max > 2s", "p99 > 1ms")))
    assert [it.limit for it in broken(limits, USUAL)] == ["errors > 0", "p99 > 1ms"]


@pytest.mark.parametrize("text", ["p99 > 250ms", "p50 < 1ms", "max > 2s"])
def test_where_nothing_succeeded_no_latency_is_right(text: str) -> None:
    for nothing in (result([], failed=5), result([])):
        assert broken([parse_limit(text)], nothing) == (Broken(text, "no request succeeded"),)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "'' is no limit"),
        ("p99", "is no limit"),
        ("p99 = 5ms", "is no limit"),
        ("p99 > fast", "is no limit"),
        ("p99 > -5ms", "is no limit"),
        ("p99 > 250", "needs a time with its unit: p99 > 250ms"),
        ("gap > 1", "needs a time with its unit"),
        ("p99 > 1%", "needs a time with its unit"),
        ("p100 > 1ms", "is about p100, which there is not"),
        ("latency > 1ms", "is about latency, which there is not"),
        ("errors > 5ms", "has a time where a share"),
        ("errors > 5/s", "has a time where a share"),
        ("rate < 10%", "requests a second"),
        ("p99 > 1ms, p50 > 1ms", "is no limit"),
    ],
)
def test_what_is_no_limit_is_refused_in_words(text: str, what: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_limit(text)
    assert what in error.value.what
    assert error.value.where == "--fail-if"
    assert "p99 > 250ms" in (error.value.try_ or "")


@given(
    st.text(max_size=30)
    | st.from_regex(r"(p[0-9.]{1,5}|max|gap|errors|rate) ?[<>]=? ?[0-9.]{1,5}(ms|s|%|)", fullmatch=True)
)
def test_any_text_is_a_limit_or_is_refused(text: str) -> None:
    try:
        limit = parse_limit(text)
    except UsageError:
        return
    assert isinstance(limit, Limit)
    broken([limit], USUAL)


compare = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
milliseconds = st.integers(1, 5000)


@given(st.lists(milliseconds, min_size=1, max_size=50), st.sampled_from([*compare]), milliseconds)
def test_the_maximum_is_judged_as_it_is(found: list[int], over: str, value: int) -> None:
    seen = result([float(each) for each in found])
    limit = parse_limit(f"max {over} {value}ms")
    assert bool(broken([limit], seen)) is compare[over](seen.latency.max_ms, value)


@given(st.integers(0, 200), st.integers(0, 200), st.sampled_from([*compare]), st.integers(0, 100))
def test_a_share_of_errors_is_of_all_requests(good: int, bad: int, over: str, percent: int) -> None:
    seen = result([1.0] * good, failed=bad)
    share = 100 * bad / max(1, good + bad)
    assert bool(broken([parse_limit(f"errors {over} {percent}%")], seen)) is compare[over](share, percent)


@given(st.lists(milliseconds, min_size=1, max_size=50), st.integers(1, 99), st.integers(1, 5000))
def test_a_limit_and_its_opposite_never_agree(found: list[int], percent: int, value: int) -> None:
    seen = result([float(each) for each in found])
    for over, opposite in ((">", "<="), ("<", ">=")):
        one, other = (
            bool(broken([parse_limit(f"p{percent} {it} {value}ms")], seen)) for it in (over, opposite)
        )
        assert one is not other


@given(st.lists(milliseconds, min_size=1, max_size=50), st.integers(1, 98))
def test_a_higher_percentile_breaks_whatever_a_lower_one_does(found: list[int], percent: int) -> None:
    seen = result([float(each) for each in found])
    if broken([parse_limit(f"p{percent} > 100ms")], seen):
        assert broken([parse_limit(f"p{percent + 1} > 100ms")], seen)
