"""Two releases beside each other in one fleet: how many of each, and what traffic the new one gets. Pure.

Each release's instances are planned as a fleet of their own, so that what holds for a fleet (even zones, launch before
terminate, backoff) holds for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from evenly.core.status import LEAVING, InstanceState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from evenly.core.fleet import Fleet, Instance

FINENESS = 1000  # a weight is a whole number


class Failure(Struct, frozen=True):
    """A launch that came to nothing, or an instance that ended by itself: `why` is a sentence for a person."""

    id: str
    zone: str
    at: float
    why: str


class Rollout(Struct, frozen=True):
    """`release`: the new one. `new`, `old`: how many instances are wanted of it, and of what ran before. `share`: the
    percentage of the traffic that goes to the new ones; `None`: each instance gets as much as any other.
    `grace_period`: seconds for a new one to become healthy.

    `failures`: how many of the new ones have ended by themselves, or never became healthy; `failed`: the last.
    """

    release: int
    new: int
    old: int
    share: float | None
    grace_period: float
    failures: int = 0
    failed: Failure | None = None


class RolloutSet(Struct, frozen=True):
    """Another rollout, or another stage of the one there is; `None`: there is one release alone."""

    rollout: Rollout | None


def cohorts(fleet: Fleet, grace_period: float) -> tuple[tuple[Fleet, float], ...]:
    """What is planned by itself, each with its grace period: the whole fleet, with the one given; or what ran before,
    and the new release's instances."""
    rollout = fleet.rollout
    if rollout is None:
        return ((fleet, grace_period),)
    old, new = parted(fleet, rollout)
    fresh = replace(
        fleet,
        rollout=None,
        desired=rollout.new,
        release=rollout.release,
        instances=new,
        failures=rollout.failures,
        failed=rollout.failed,
    )
    return (
        (replace(fleet, rollout=None, desired=rollout.old, instances=old), grace_period),
        (fresh, rollout.grace_period),
    )


def parted(fleet: Fleet, rollout: Rollout) -> tuple[tuple[Instance, ...], tuple[Instance, ...]]:
    """The instances of what ran before, and those of the new release."""
    new = tuple(it for it in fleet.instances if it.release == rollout.release)
    return tuple(it for it in fleet.instances if it.release != rollout.release), new


def with_rollout(fleet: Fleet, rollout: Rollout | None) -> Fleet:
    """`fleet` at that stage. What failed of a release is remembered as long as it is rolled out."""
    before = fleet.rollout
    if rollout and before and rollout.release == before.release:
        rollout = replace(rollout, failures=before.failures, failed=before.failed)
    return replace(fleet, rollout=rollout)


def ended_by_itself(fleet: Fleet, gone: Instance) -> bool:
    """Its process has just ended without having been asked to. One that was killed because it never became healthy
    counts too."""
    lost = any(zone.name == gone.zone and not zone.available for zone in fleet.zones)
    return gone.given_up or not (lost or gone.killed or gone.state in LEAVING)


def new_one_ended(fleet: Fleet, rest: Fleet, gone: Instance, failed: Failure) -> Fleet:
    """`rest`, which is `fleet` without it, after a new release's instance has ended."""
    rollout = fleet.rollout
    if rollout is None or not ended_by_itself(fleet, gone):
        return rest
    return replace(rest, rollout=replace(rollout, failures=rollout.failures + 1, failed=failed))


def weights(fleet: Fleet) -> Mapping[str, int]:
    """What traffic each instance is to get, by id, in proportion to the others; 0: none, though it is still asked for
    its health.

    Nobody is held back where nobody else could answer.
    """
    rollout = fleet.rollout
    if rollout is None or rollout.share is None:
        return {it.id: 1 for it in fleet.instances}
    old, new = parted(fleet, rollout)
    old_serving, new_serving = _serving(old), _serving(new)
    share = 0.0 if not new_serving else 100.0 if not old_serving else rollout.share
    return {
        **{it.id: _weight(100.0 - share, old_serving) for it in old},
        **{it.id: _weight(share, new_serving) for it in new},
    }


def _serving(instances: Iterable[Instance]) -> int:
    return sum(it.state is InstanceState.HEALTHY for it in instances)


def _weight(share: float, among: int) -> int:
    return round(share * FINENESS / max(1, among))
