"""Scaling's rules, each by an example, and what holds whatever is seen."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from evenly.core.scaling import IN_PERIODS, OUT_PERIODS, SAFE_SHARE, decide
from evenly.core.scalingfacts import (
    COOLDOWN_IN_S,
    COOLDOWN_OUT_S,
    Decision,
    Observation,
    ScalingPolicy,
    ScalingState,
    begin,
    scaling_policy,
)
from evenly.manifest.types import Cooldown, Count, Seconds

LATENCY = ScalingPolicy(2, 10, p95_ms=200)
REQUESTS = ScalingPolicy(2, 10, requests=50)
CPU = ScalingPolicy(2, 10, cpu=60)


def seen(periods: int, serving: int, requests: float, p95_ms: float | None = 50.0, **more: float) -> tuple:
    """`periods` seconds alike, the last of them at 100 s."""
    answered = more.pop("answered", requests)
    first = 100.0 - periods + 1
    return tuple(Observation(first + n, serving, requests, answered, p95_ms, **more) for n in range(periods))


def rested(desired: int, **more: float) -> ScalingState:
    return replace(begin(desired, 0.0), **more)


def decided(policy: ScalingPolicy, state: ScalingState, observations: tuple) -> Decision:
    return decide(policy, state, state.desired, observations)


# --- out


def test_slow_answers_in_two_periods_scale_out_and_say_why() -> None:
    decision = decided(LATENCY, rested(4), seen(OUT_PERIODS, 4, 100, p95_ms=312))
    assert decision.state.desired == 6
    assert decision.why == "p95 was 312 ms, over 200 ms"


def test_one_slow_period_alone_does_nothing() -> None:
    once = (*seen(1, 4, 100, p95_ms=50), *seen(1, 4, 100, p95_ms=900))
    assert decided(LATENCY, rested(4), once).why is None


def test_answers_at_the_target_are_not_over_it() -> None:
    assert decided(LATENCY, rested(4), seen(OUT_PERIODS, 4, 100, p95_ms=200)).why is None


@pytest.mark.parametrize(("p95_ms", "count"), [(201, 6), (299, 6), (300, 8), (599, 8), (600, 10)])
def test_the_step_grows_with_the_excess(p95_ms: float, count: int) -> None:
    assert decided(LATENCY, rested(5), seen(2, 5, 100, p95_ms=p95_ms)).state.desired == count


def test_where_requests_pile_up_as_many_are_added_as_bear_them() -> None:
    decision = decided(LATENCY, rested(2), seen(2, 2, 230, p95_ms=250, answered=100))
    assert decision.state.desired == 7  # 230 a second, 35 each


def test_a_surge_goes_no_further_for_answers_of_those_who_have_just_come() -> None:
    early, late = seen(2, 2, 150, p95_ms=900, answered=100), seen(1, 5, 150, p95_ms=900, answered=120)
    state = rested(5, base=2, out_at=99.0)
    assert decided(LATENCY, state, (*early, *late)).why is None


def test_requests_scale_out_in_proportion() -> None:
    decision = decided(REQUESTS, rested(4), seen(2, 4, 310))
    assert (decision.state.desired, decision.why) == (7, "78 requests a second came to each, over 50")


def test_one_busy_period_alone_does_nothing() -> None:
    assert decided(REQUESTS, rested(4), (*seen(1, 4, 100), *seen(1, 4, 310))).why is None
    assert decided(REQUESTS, rested(4), (*seen(1, 4, 310), *seen(1, 4, 100))).why is None


def test_cpu_scales_out_in_proportion() -> None:
    decision = decided(CPU, rested(4), seen(2, 4, 1, cpu=4 * 83))
    assert (decision.state.desired, decision.why) == (6, "each took 83 % of a core, over 60 %")


def test_the_policy_that_wants_the_most_wins() -> None:
    policy = ScalingPolicy(2, 10, p95_ms=200, requests=50, cpu=60)
    decision = decided(policy, rested(4), seen(2, 4, 310, p95_ms=210, cpu=4 * 65))
    assert (decision.state.desired, decision.why) == (7, "78 requests a second came to each, over 50")


def test_what_is_on_its_way_counts() -> None:
    assert decided(REQUESTS, rested(7), seen(2, 4, 310)).why is None
    assert decided(LATENCY, rested(8), seen(2, 4, 100, p95_ms=900)).why is None


def test_beyond_the_maximum_it_stays_and_says_so() -> None:
    decision = decided(REQUESTS, rested(10), seen(2, 10, 900))
    assert (decision.why, decision.limited) == (None, "90 requests a second came to each, over 50")
    up = decided(REQUESTS, rested(9), seen(2, 9, 900))
    assert (up.state.desired, up.limited) == (10, up.why)


def test_while_it_cools_down_only_a_larger_step_is_taken() -> None:
    state = rested(6, base=4, out_at=97.0, whole_at=98.0)
    assert decided(LATENCY, state, seen(2, 6, 100, p95_ms=350)).why is None  # 4 and 2 again
    assert decided(LATENCY, state, seen(2, 6, 100, p95_ms=900)).state.desired == 8  # 4 and 4
    cooled = replace(state, whole_at=100.0 - COOLDOWN_OUT_S)
    assert decided(LATENCY, cooled, seen(2, 6, 100, p95_ms=350)).state.desired == 9  # 6 and 3


def test_the_cooldown_begins_when_what_was_added_serves_or_half_a_minute_later() -> None:
    state = rested(5, base=2, out_at=100.0 - COOLDOWN_OUT_S - 5)
    assert decided(LATENCY, state, seen(2, 4, 100, p95_ms=300)).why is None  # 2 and 1
    late = replace(state, out_at=70.0 - COOLDOWN_OUT_S)
    assert decided(LATENCY, late, seen(2, 4, 100, p95_ms=300)).state.desired == 6  # 4 and 2


def test_a_low_rate_says_nothing_of_latency() -> None:
    assert decided(LATENCY, rested(4), seen(IN_PERIODS, 4, 3, p95_ms=None)).why is None


# --- in


def test_few_requests_scale_in_by_a_quarter_at_the_most() -> None:
    decision = decided(REQUESTS, rested(8), seen(IN_PERIODS, 8, 40))
    assert (decision.state.desired, decision.why) == (6, "5 requests a second came to each, of 50")


def test_a_tenth_is_kept_to_spare() -> None:
    assert decided(REQUESTS, rested(4), seen(IN_PERIODS, 4, 136)).why is None  # 3 would have 45.3
    assert decided(REQUESTS, rested(4), seen(IN_PERIODS, 4, 134)).state.desired == 3


def test_not_before_fifteen_periods_nor_before_it_has_cooled_down() -> None:
    assert decided(REQUESTS, rested(4), seen(IN_PERIODS - 1, 4, 4)).why is None
    changed = rested(4, changed_at=100.0 - COOLDOWN_IN_S + 0.5)
    assert decided(REQUESTS, changed, seen(IN_PERIODS, 4, 4)).why is None


def test_not_while_an_instance_is_missing() -> None:
    assert decided(REQUESTS, rested(4), seen(IN_PERIODS, 3, 4)).why is None


def test_the_busiest_of_the_periods_counts() -> None:
    busy = (*seen(1, 4, 190), *seen(IN_PERIODS - 1, 4, 4))
    assert decided(REQUESTS, rested(4), busy).why is None


def test_all_policies_have_to_agree() -> None:
    both = ScalingPolicy(2, 10, requests=50, cpu=60)
    assert decided(both, rested(4), seen(IN_PERIODS, 4, 4, cpu=200.0)).why is None
    decision = decided(both, rested(4), seen(IN_PERIODS, 4, 4, cpu=120.0))
    assert (decision.state.desired, decision.why) == (3, "each took 30 % of a core, of 60 %")
    assert decided(both, rested(4), seen(IN_PERIODS, 4, 4)).why is None  # nobody measured the CPU


def test_never_in_on_latency_alone() -> None:
    assert decided(LATENCY, rested(8, borne=0.0), seen(14, 8, 40, p95_ms=1)).why is None
    unknown = replace(LATENCY, p95_ms=200)
    first = seen(IN_PERIODS, 8, 40, p95_ms=None)
    assert decided(unknown, rested(8), first).why is None


def test_with_response_time_alone_it_is_what_one_is_known_to_bear() -> None:
    decision = decided(LATENCY, rested(8, borne=20.0), seen(IN_PERIODS, 8, 70))
    assert decision.state.desired == 6
    assert decision.why == "9 requests a second came to each, of 20 that one is known to bear"
    assert decided(LATENCY, rested(8, borne=20.0), seen(IN_PERIODS, 8, 150)).why is None


def test_without_any_request_nobody_needs_to_know() -> None:
    decision = decided(LATENCY, rested(3), seen(IN_PERIODS, 3, 0, p95_ms=None))
    assert (decision.state.desired, decision.why) == (2, "no request has come")


def test_not_while_one_answer_of_the_fifteen_periods_was_slow() -> None:
    slow = (*seen(1, 4, 4, p95_ms=300), *seen(IN_PERIODS - 1, 4, 4))
    policy = ScalingPolicy(2, 10, p95_ms=200, requests=50)
    assert decided(policy, rested(4), slow).why is None
    assert decided(policy, rested(4), seen(IN_PERIODS, 4, 4)).state.desired == 3


# --- what one bears


def test_what_each_answered_when_it_became_slow_is_borne_but_for_a_safe_share() -> None:
    broken = decided(LATENCY, rested(2), seen(2, 2, 150, p95_ms=900, answered=100)).state
    assert broken.borne == pytest.approx(SAFE_SHARE * 50)


def test_further_slow_periods_tell_nothing_until_it_was_fast_again() -> None:
    slow = seen(2, 2, 150, p95_ms=900, answered=20)
    state = rested(2, borne=35.0, slow=True)
    assert decided(LATENCY, state, slow).state.borne == 35.0
    fast = decided(LATENCY, state, seen(2, 2, 50)).state
    assert not fast.slow
    assert decided(LATENCY, fast, slow).state.borne == pytest.approx(SAFE_SHARE * 10)


def test_what_each_has_long_answered_fast_is_borne() -> None:
    assert decided(LATENCY, rested(2), seen(IN_PERIODS, 2, 80)).state.borne == 40.0
    assert decided(LATENCY, rested(2, borne=39.0), seen(IN_PERIODS, 2, 80)).state.borne == 39.0
    assert decided(LATENCY, rested(2), seen(IN_PERIODS - 1, 2, 80)).state.borne is None


def test_beside_another_policy_nothing_is_learned_before_latency_first_broke() -> None:
    policy = ScalingPolicy(2, 10, p95_ms=200, requests=50)
    assert decided(policy, rested(4), seen(IN_PERIODS, 4, 80)).state.borne is None
    assert decided(policy, rested(4, borne=5.0), seen(IN_PERIODS, 4, 80)).state.borne == 20.0


# --- by hand, and the range


def test_it_goes_on_from_where_it_was_scaled_by_hand_after_a_rest() -> None:
    state = rested(4)
    found = decide(REQUESTS, state, 8, seen(IN_PERIODS, 8, 40))
    assert (found.why, found.state.desired, found.state.changed_at) == (None, 8, 100.0)
    assert decide(REQUESTS, state, 4, seen(2, 4, 310)).state.desired == 7


@pytest.mark.parametrize(("desired", "count"), [(1, 2), (30, 10)])
def test_a_count_outside_of_the_range_is_brought_into_it(desired: int, count: int) -> None:
    decision = decided(REQUESTS, rested(desired), seen(1, desired, 1))
    assert (decision.state.desired, decision.why) == (count, "the manifest's range is 2 to 10")


# --- the manifest


def test_a_count_without_targets_is_not_scaled() -> None:
    assert scaling_policy(Count()) is None


def test_the_manifests_words_become_a_policy() -> None:
    cooldown = Cooldown(scale_in=Seconds(5.0), scale_out=Seconds(0.0))
    count = Count(minimum=3, maximum=4, response_time=Seconds(0.2), requests=7, cpu=60, cooldown=cooldown)
    assert scaling_policy(count) == ScalingPolicy(3, 4, 200.0, 7, 60, cooldown_out=0.0, cooldown_in=5.0)
    assert scaling_policy(Count(requests=7)) == ScalingPolicy(2, 8, requests=7)


# --- whatever is seen

policies = st.builds(
    ScalingPolicy,
    minimum=st.integers(1, 5),
    maximum=st.integers(5, 12),
    p95_ms=st.none() | st.just(200.0),
    requests=st.none() | st.integers(1, 100),
    cpu=st.none() | st.integers(1, 100),
    cooldown_out=st.integers(0, 5),
    cooldown_in=st.integers(0, 20),
)
periods = st.builds(
    Observation,
    at=st.just(0.0),
    serving=st.integers(0, 12),
    requests=st.integers(0, 4000).map(lambda count: count / 2),
    answered=st.integers(0, 4000).map(lambda count: count / 2),
    p95_ms=st.none() | st.floats(1, 2000),
    cpu=st.none() | st.floats(0, 1200),
)
# Alike for a while, so that also what takes fifteen periods happens.
days = st.lists(st.tuples(periods, st.integers(1, 18), st.none() | st.integers(1, 12)), max_size=6)


def lived(policy: ScalingPolicy, day: list) -> list[tuple[int, Decision, tuple[Observation, ...]]]:
    """The count before each decision, the decision, and what it was made on."""
    state, desired, all_seen, found = begin(policy.minimum, 0.0), policy.minimum, [], []
    for period, times, by_hand in day:
        desired = by_hand or desired
        for _ in range(times):
            all_seen.append(replace(period, at=float(len(all_seen))))
            decision = decide(policy, state, desired, all_seen)
            found.append((desired, decision, tuple(all_seen[-IN_PERIODS:])))
            state, desired = decision.state, decision.state.desired
    return found


@given(policies, days)
@settings(max_examples=60)
def test_it_never_leaves_the_range(policy: ScalingPolicy, day: list) -> None:
    for _, decision, _ in lived(policy, day):
        assert policy.minimum <= decision.state.desired <= policy.maximum


@given(policies, days)
@settings(max_examples=60)
def test_whatever_changes_has_a_reason_and_nothing_else_has(policy: ScalingPolicy, day: list) -> None:
    for before, decision, _ in lived(policy, day):
        assert (decision.why is not None) == (decision.state.desired != before)


@given(policies, days)
@settings(max_examples=60)
def test_in_only_slowly_and_with_nothing_against_it(policy: ScalingPolicy, day: list) -> None:
    changed_at, last = 0.0, policy.minimum
    for before, decision, observations in lived(policy, day):
        now = observations[-1].at
        if before != last:
            changed_at = now
        if policy.minimum <= before <= policy.maximum and decision.state.desired < before:
            assert now - changed_at >= policy.cooldown_in
            assert before - decision.state.desired <= max(1, before // 4)
            assert len(observations) == IN_PERIODS
            _check_nothing_is_against(policy, decision, observations)
        last = decision.state.desired
        if last != before:
            changed_at = now


def _check_nothing_is_against(policy: ScalingPolicy, decision: Decision, observations: tuple) -> None:
    count = decision.state.desired
    for it in observations:
        assert policy.requests is None or it.requests <= count * policy.requests
        assert policy.cpu is None or (it.cpu is not None and it.cpu <= count * policy.cpu)
        assert policy.p95_ms is None or it.p95_ms is None or it.p95_ms <= policy.p95_ms
    if policy.requests is None and policy.cpu is None:  # never on latency alone
        borne = decision.state.borne or 0.0
        assert max(it.requests for it in observations) <= count * borne + 1e-6


@given(policies, days)
@settings(max_examples=60)
def test_of_several_policies_the_highest_wins(policy: ScalingPolicy, day: list) -> None:
    alone = [
        replace(policy, **{name: None for name in ("p95_ms", "requests", "cpu") if name != only})
        for only in ("p95_ms", "requests", "cpu")
    ]
    for before, decision, observations in lived(policy, day):
        if decision.state.desired <= before or before < policy.minimum:
            continue
        state = begin(before, 0.0)
        counts = [decide(each, state, before, observations).state.desired for each in alone]
        assert decision.state.desired <= max(counts)


@given(st.integers(1, 12), st.lists(periods.map(lambda it: replace(it, p95_ms=None, cpu=None)), max_size=40))
def test_without_figures_nothing_is_done(desired: int, unseen: list) -> None:
    policy, state = ScalingPolicy(1, 12, p95_ms=200, cpu=50), begin(desired, -1000.0)
    for number, period in enumerate(unseen):
        every = [replace(it, at=float(n)) for n, it in enumerate(unseen[: number + 1])]
        decision = decide(policy, state, desired, every)
        assert decision.why is None
        state = decision.state
        assert period.p95_ms is None
