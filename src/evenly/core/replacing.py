"""Replacing outdated instances: the new one first, a few at once, the zones even throughout. Pure.

While there are outdated instances the fleet is wanted larger than its count, by one a zone, but by no more than
a quarter of it: that many are launched beside the old. An old one goes once the fleet serves with all its count
without it, and keeps its place among those until its process is gone. So there are never more than that, and
where the new ones fail, the old stay.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from evenly.core.fleet import Instance
from evenly.core.status import LEAVING, InstanceState


def surge(count: int, zones: int) -> int:
    """How many more than `count` there may be while instances are replaced: one a zone, at most a quarter."""
    return min(zones, -(-count // 4))


def with_surge(
    share: Mapping[str, int],
    held: Mapping[str, tuple[Instance, ...]],
    instances: Iterable[Instance],
    room: int,
) -> dict[str, int]:
    """`share` with places for the new ones, at most `room` at once, for the zones in `share`.

    Each goes to a zone that has the fewest, to one with instances to replace if it can, and best to one that
    holds a new one already. None is launched that would make the zones uneven if it served before the others.
    """
    going = sum(it.state in LEAVING for it in instances if it.outdated)
    old = {zone: sum(it.outdated is not None for it in held[zone]) for zone in share}
    serving = Counter(it.zone for zone in share for it in held[zone] if it.state is InstanceState.HEALTHY)
    wanted = dict(share)
    for _ in range(min(room - going, sum(old.values()))):
        fewest = min(wanted.values())
        helps = any(count > fewest and old[zone] for zone, count in share.items())
        open_to = [zone for zone, count in wanted.items() if count == fewest and (old[zone] or helps)]
        if not open_to:
            break
        chosen = max(open_to, key=lambda zone: (len(held[zone]) > fewest, old[zone]))
        if len(held[chosen]) <= fewest and fewest > min(serving[zone] for zone in share):
            break
        wanted[chosen] += 1
    return wanted


def replaceable(staying: Iterable[Instance], spare: int) -> tuple[Instance, ...]:
    """Which of those that are `staying` otherwise may go now: at most `spare`, of each zone the oldest first.

    Always from a zone that has the most, counting also what is on its way there, so that zones stay even.
    """
    left = sorted(staying, key=lambda it: (it.launched_at, it.id))
    going: list[Instance] = []
    while len(going) < spare and (chosen := _next_to_go(left)):
        going.append(chosen)
        left.remove(chosen)
    return tuple(going)


def _next_to_go(staying: list[Instance]) -> Instance | None:
    most = max(Counter(it.zone for it in staying).values(), default=0)
    serving = [it for it in staying if it.state is InstanceState.HEALTHY]
    full = {zone for zone, count in Counter(it.zone for it in serving).items() if count == most}
    old = [it for it in serving if it.outdated and it.zone in full]
    by_zone = Counter(it.zone for it in old)
    return max(old, key=lambda it: by_zone[it.zone], default=None)
