"""Which endings were crashes, and which crashes are a loop. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from evenly.core.facts import Happening
from evenly.core.fleet import Fleet, find
from evenly.core.rollout import ended_by_itself

LOOP = 3  # crashes of one kind
WITHIN = timedelta(minutes=10)
SOON_S = 60.0  # what ran longer came up well, so that its end is no part of a loop


def has_crashed(fleet: Fleet, id: str) -> bool:
    """Whether the instance, whose process has just ended, did so without having been asked to. One that was killed
    because it never became healthy counts as crashed."""
    gone = find(fleet, id)
    return gone is not None and ended_by_itself(fleet, gone)


def loops(happenings: Iterable[Happening], now: datetime) -> Mapping[str, int]:
    """What crashes again and again soon after its start, with how often of late. `now`: aware."""
    recent = Counter(
        it.crashed
        for it in happenings
        if it.crashed and (it.ran_s or 0.0) < SOON_S and now - datetime.fromisoformat(it.at) < WITHIN
    )
    return {what: count for what, count in recent.items() if count >= LOOP}
