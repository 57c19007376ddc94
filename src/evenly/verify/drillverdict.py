"""What a drill may cost, by target, and the verdict on what it did cost. Pure.

The bounds are promises, and stated for each target: a balancer that tries again elsewhere promises more than one that
does not.
"""

from collections.abc import Iterable, Mapping, Sequence

from evenly.errors import StateError
from evenly.verify._outcomes import LoadResult
from evenly.verify.drillresult import Bounds, DrillVerdict, Kind

# `full_s` is well above what was measured (docs/adr/0015-drills.md): it finds what does not heal, not a busy machine.
BOUNDS: Mapping[str, Mapping[Kind, Bounds]] = {
    "local": {
        Kind.INSTANCE: Bounds(full_s=15.0),
        Kind.ZONE: Bounds(full_s=15.0),
        Kind.ZONE_RETURN: Bounds(full_s=20.0),
        Kind.HANG: Bounds(full_s=30.0),
        Kind.SLOW: Bounds(full_s=30.0),
        Kind.DATABASE: Bounds(full_s=15.0),
        Kind.DATABASE_FAILOVER: Bounds(longest_s=1.0, full_s=60.0),
        Kind.BALANCER: Bounds(failed=None, gap_s=1.0, full_s=15.0),
        Kind.SUPERVISOR: Bounds(full_s=15.0),
    }
}


def bounds_of(target: str, kind: Kind) -> Bounds:
    """Raises StateError for a target for which none are stated."""
    try:
        return BOUNDS[target][kind]
    except KeyError:
        raise StateError(f"no bounds are stated for drills on the target {target}") from None


def missed(bounds: Bounds, load: LoadResult, full_s: float | None) -> tuple[str, ...]:
    """Each bound that was not held, as a sentence."""
    return tuple(_missed(bounds, load, full_s))


def verdict(void: str | None, missed: Sequence[str]) -> DrillVerdict:
    if void is not None:
        return DrillVerdict.VOID
    return DrillVerdict.FAIL if missed else DrillVerdict.PASS


def _missed(bounds: Bounds, load: LoadResult, full_s: float | None) -> Iterable[str]:
    if load.requests == 0:
        yield "No request was sent."
        return
    if bounds.failed is not None and load.errors > bounds.failed:
        yield f"{load.errors} of {load.requests} requests failed; {bounds.failed} may."
    if bounds.gap_s is not None and load.longest_gap_s > bounds.gap_s:
        yield f"For {load.longest_gap_s:.2f} s nothing was answered; {bounds.gap_s:g} s are allowed."
    longest_s = load.latency.max_ms / 1000
    if bounds.longest_s is not None and longest_s > bounds.longest_s:
        yield f"The longest request took {longest_s:.2f} s; {bounds.longest_s:g} s are allowed."
    if full_s is None:
        yield "Capacity was not full and balanced again while it was watched."
    elif bounds.full_s is not None and full_s > bounds.full_s:
        yield f"Full capacity was back after {full_s:.1f} s; {bounds.full_s:g} s are allowed."
