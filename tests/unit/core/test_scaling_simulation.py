"""Scaling over whole runs: a fleet of known capacity, under four shapes of traffic and by chance."""

from collections.abc import Callable, Sequence

import pytest
from tests.scaling.plots import LATENCY, RUNS, TARGET_MS, WITH_REQUESTS
from tests.scaling.simulation import BEARS, MINUTE, Second, Simulation, step

from evenly.core.scalingfacts import COOLDOWN_IN_S, ScalingPolicy

SHAPES = {run.name: run for run in RUNS}
POLICIES = {"response_time": LATENCY, "response_time and requests": WITH_REQUESTS}


def slow(seconds: Sequence[Second]) -> list[int]:
    return [it.at for it in seconds if it.p95_ms is not None and it.p95_ms > TARGET_MS]


def counts(seconds: Sequence[Second]) -> list[int]:
    return [it.desired for it in seconds]


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@pytest.mark.parametrize("run", RUNS, ids=SHAPES)
def test_whatever_comes_it_keeps_the_rules(run, policy: ScalingPolicy) -> None:
    seconds = run.simulated(policy)
    held = counts(seconds)
    assert policy.minimum <= min(held) and max(held) <= policy.maximum
    inward = [at for at in range(1, len(held)) if held[at] < held[at - 1]]
    changed = [at for at in range(1, len(held)) if held[at] != held[at - 1]]
    for at in inward:
        before = max((it for it in changed if it < at), default=0)
        assert at - before >= COOLDOWN_IN_S - 1
        assert held[at - 1] - held[at] <= max(1, held[at - 1] // 4)
        assert seconds[at].rate <= held[at] * BEARS


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_after_a_step_p95_is_back_under_its_target_within_15_s(policy: ScalingPolicy, seed: int) -> None:
    seconds = Simulation(policy, step, seed).run(3 * MINUTE)
    assert min(slow(seconds)) >= 20 and max(slow(seconds)) < 35
    assert max(counts(seconds)) <= 6


def test_a_spike_is_borne_and_the_fleet_shrinks_afterwards() -> None:
    seconds = SHAPES["spike"].simulated()
    assert min(slow(seconds)) >= 30
    assert len(slow(seconds)) <= 20
    assert max(counts(seconds)) >= 6  # what 300 a second take
    assert counts(seconds)[-1] <= 3


@pytest.mark.parametrize(("name", "most_slow", "most_mean"), [("sine", 0.05, 6.5), ("day", 0.03, 4.5)])
def test_what_comes_and_goes_costs_little_more_than_it_needs(
    name: str, most_slow: float, most_mean: float
) -> None:
    for policy in POLICIES.values():
        seconds = SHAPES[name].simulated(policy)
        assert len(slow(seconds)) <= most_slow * len(seconds)
        assert sum(counts(seconds)) / len(seconds) <= most_mean


def test_a_count_set_by_hand_is_where_it_goes_on_from() -> None:
    simulation = Simulation(WITH_REQUESTS, lambda _: 40.0)
    simulation.run(30)
    simulation.scale(8)
    after = counts(simulation.run(6 * MINUTE))
    assert after[:55] == [8] * 55
    assert after[-1] == 2 and sorted(after, reverse=True) == after


@pytest.mark.parametrize("rate", [lambda _: 60.0, lambda _: 80.0], ids=["calm", "busy"])
def test_steady_traffic_is_left_alone(rate: Callable[[float], float]) -> None:
    policy = ScalingPolicy(2, 12, p95_ms=TARGET_MS * 3)
    assert set(counts(Simulation(policy, rate).run(5 * MINUTE))) == {2}
