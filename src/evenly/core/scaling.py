"""Scaling: from what is seen of an environment, about once a second, to the count of instances it should have. Pure.

The rules are those that AWS documents for target tracking and step scaling (Application Auto Scaling), in
seconds where AWS counts minutes:

1. Out when a figure was over its target in both of the last two periods; in when fifteen in a row allow it.
2. Out: `requests` and `cpu` in proportion; latency, which does not say how much is missing, in steps that grow
   with the excess, and as far as it takes where more requests come than are answered. While a cooldown lasts,
   only for a larger step than the one that began it: what that one added counts.
3. The policy that wants the most instances wins, out as in.
4. In only if every policy agrees, slowly, after a cooldown, and with a tenth to spare. Latency alone never: a fast
   answer does not tell what fewer could bear. What one instance was seen to bear does (`ScalingState.borne`).
5. Never outside of the range, and nothing without figures.
"""

import math
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from evenly.core.scalingfacts import Decision, Observation, ScalingPolicy, ScalingState

OUT_PERIODS = 2
IN_PERIODS = 15
# With p95 at this many times its target, so much more of what serves.
STEPS = ((3.0, 1.0), (1.5, 0.5), (1.0, 0.2))
FULL_SHARE = 0.9  # of a target; what is under it for long is a reason to scale in
SAFE_SHARE = 0.7  # of what each instance had when it became too slow, that one bears for sure
PILING_UP = 1.1  # times as many come as are answered
LEARNED_SHARE = 1.1  # more than was known by this much is worth to be remembered
LAUNCH_WITHIN_S = 30.0  # a cooldown begins when what was added serves, or this long after


class _Wish(Struct, frozen=True):
    count: int
    why: str


def decide(policy: ScalingPolicy, state: ScalingState, desired: int, seen: Sequence[Observation]) -> Decision:
    """What to hold now. `desired`: what is held; another than decided was asked for by hand, and is where scaling goes
    on from. `seen`: at least one observation, the newest last; the last fifteen count."""
    seen = tuple(seen[-IN_PERIODS:])
    state = _learned(policy, _noticed(state, desired, seen[-1]), seen)
    wish = max(_out_wishes(policy, state, seen), key=lambda it: it.count, default=None)
    if not policy.minimum <= desired <= policy.maximum:
        return _into_range(policy, state, seen[-1].at)
    if wish and wish.count > desired:
        return _out(policy, state, wish, seen[-1])
    fewer = _in_wish(policy, state, seen)
    if fewer:
        return Decision(replace(state, desired=fewer.count, changed_at=seen[-1].at), fewer.why)
    return Decision(state)


def _noticed(state: ScalingState, desired: int, now: Observation) -> ScalingState:
    """`state` after what happened to the count since: changed by hand, or all that was added serves."""
    if desired != state.desired:
        state = replace(state, desired=desired, changed_at=now.at)
    if state.out_at is not None and state.whole_at is None and now.serving >= desired:
        return replace(state, whole_at=now.at)
    return state


def _learned(policy: ScalingPolicy, state: ScalingState, seen: Sequence[Observation]) -> ScalingState:
    """What one instance bears: where latency broke its target, a safe share of what each had then; and whatever each
    has had all the while without breaking it. Further breaks before it recovers tell nothing of an instance. Where
    another policy tells how few are enough, nothing is learned before the first break."""
    if policy.p95_ms is None or seen[-1].p95_ms is None:
        return state
    if _all_slow(policy.p95_ms, seen):
        return state if state.slow else replace(state, slow=True, borne=SAFE_SHARE * seen[-1].each_answered)
    if seen[-1].p95_ms <= policy.p95_ms:
        state = replace(state, slow=False)
    if state.borne is None and (policy.requests is not None or policy.cpu is not None):
        return state
    least = min(it.each_answered for it in seen)
    well = len(seen) == IN_PERIODS and not _any_slow(policy.p95_ms, seen)
    known = state.borne or 0.0
    return replace(state, borne=least) if well and least > known * LEARNED_SHARE else state


def _out_wishes(policy: ScalingPolicy, state: ScalingState, seen: Sequence[Observation]) -> Iterator[_Wish]:
    """How many each policy wants at the least, where two periods say so."""
    last = seen[-OUT_PERIODS:]
    if len(last) == OUT_PERIODS:
        yield from _for_latency(policy, state, seen)
        yield from _for_requests(policy, last)
        yield from _for_cpu(policy, last)


def _for_latency(policy: ScalingPolicy, state: ScalingState, seen: Sequence[Observation]) -> Iterator[_Wish]:
    now, target = seen[-1], policy.p95_ms
    if target is None or now.p95_ms is None or not now.serving or not _all_slow(target, seen):
        return
    base = min(now.serving, state.base) if _is_resting(policy, state, now.at) else now.serving
    count = max(base + _step(base, now.p95_ms / target), _to_catch_up(seen))
    yield _Wish(count, f"p95 was {now.p95_ms:.0f} ms, over {target:g} ms")


def _for_requests(policy: ScalingPolicy, last: Sequence[Observation]) -> Iterator[_Wish]:
    if policy.requests is not None:
        why = f"{last[-1].each:.0f} requests a second came to each, over {policy.requests:g}"
        yield _Wish(_needed(min(it.requests for it in last), policy.requests), why)


def _for_cpu(policy: ScalingPolicy, last: Sequence[Observation]) -> Iterator[_Wish]:
    used = [it.cpu for it in last if it.cpu is not None]
    if policy.cpu is not None and len(used) == OUT_PERIODS:
        share = used[-1] / max(1, last[-1].serving)
        yield _Wish(
            _needed(min(used), policy.cpu), f"each took {share:.0f} % of a core, over {policy.cpu:g} %"
        )


def _all_slow(target_ms: float, seen: Sequence[Observation]) -> bool:
    last = seen[-OUT_PERIODS:]
    return len(last) == OUT_PERIODS and all(it.p95_ms is not None and it.p95_ms > target_ms for it in last)


def _any_slow(target_ms: float, seen: Sequence[Observation]) -> bool:
    return any(it.p95_ms is not None and it.p95_ms > target_ms for it in seen)


def _is_resting(policy: ScalingPolicy, state: ScalingState, now: float) -> bool:
    """Whether the cooldown after scaling out lasts."""
    if state.out_at is None:
        return False
    latest = state.out_at + LAUNCH_WITHIN_S
    began = min(state.whole_at if state.whole_at is not None else now, latest)
    return now - began < policy.cooldown_out


def _step(serving: int, excess: float) -> int:
    """How many more, for a p95 of `excess` times its target."""
    share = next((share for over, share in STEPS if excess >= over), 0.0)
    return math.ceil(serving * share)


def _to_catch_up(seen: Sequence[Observation]) -> int:
    """Where requests pile up: as many as can bear what comes, each a safe share of what each answers now. Those who
    came to serve while that was measured are not counted in."""
    now, answering = seen[-1], min(it.serving for it in seen[-OUT_PERIODS - 1 :])
    if not answering or not now.answered or now.requests <= PILING_UP * now.answered:
        return 0
    return _needed(now.requests, SAFE_SHARE * now.answered / answering)


def _needed(total: float, target: float) -> int:
    """Instances that have at most `target` each of `total`."""
    return math.ceil(total / target - 1e-9)


def _out(policy: ScalingPolicy, state: ScalingState, wish: _Wish, now: Observation) -> Decision:
    limited = wish.why if wish.count > policy.maximum else None
    count = min(wish.count, policy.maximum)
    if count == state.desired:
        return Decision(state, limited=limited)
    rested = not _is_resting(policy, state, now.at)
    out = replace(
        state,
        desired=count,
        changed_at=now.at,
        out_at=now.at,
        whole_at=None,
        base=now.serving if rested else state.base,
    )
    return Decision(out, wish.why, limited)


def _into_range(policy: ScalingPolicy, state: ScalingState, now: float) -> Decision:
    count = min(max(state.desired, policy.minimum), policy.maximum)
    why = f"the manifest's range is {policy.minimum} to {policy.maximum}"
    return Decision(replace(state, desired=count, changed_at=now), why)


def _in_wish(policy: ScalingPolicy, state: ScalingState, seen: Sequence[Observation]) -> _Wish | None:
    """The next smaller count, where all policies have long allowed it."""
    now = seen[-1]
    rested = now.at - state.changed_at >= policy.cooldown_in
    if not rested or len(seen) < IN_PERIODS or now.serving < state.desired:
        return None
    if policy.p95_ms is not None and _any_slow(policy.p95_ms, seen):
        return None
    allowed = _allowed(policy, state, seen)
    if allowed is None:
        return None
    slowly = state.desired - max(1, state.desired // 4)
    count = max(allowed.count, slowly, policy.minimum)
    return _Wish(count, allowed.why) if count < state.desired else None


def _allowed(policy: ScalingPolicy, state: ScalingState, seen: Sequence[Observation]) -> _Wish | None:
    """How few all policies would allow; `None` where one has no figures to tell."""
    most = max(it.requests for it in seen)
    each = f"{seen[-1].each:.0f} requests a second came to each"
    wishes: list[_Wish] = []
    if policy.requests is not None:
        wishes.append(_Wish(_needed(most, FULL_SHARE * policy.requests), f"{each}, of {policy.requests:g}"))
    if policy.cpu is not None:
        used = [it.cpu for it in seen if it.cpu is not None]
        if len(used) < IN_PERIODS:
            return None
        share = used[-1] / max(1, seen[-1].serving)
        why = f"each took {share:.0f} % of a core, of {policy.cpu:g} %"
        wishes.append(_Wish(_needed(max(used), FULL_SHARE * policy.cpu), why))
    if policy.p95_ms is not None and state.borne:
        wishes.append(
            _Wish(_needed(most, state.borne), f"{each}, of {state.borne:.0f} that one is known to bear")
        )
    elif policy.p95_ms is not None and not most:
        wishes.append(_Wish(0, "no request has come"))
    return max(wishes, key=lambda it: it.count, default=None)
