"""When the balancer is started anew beside the one that runs, and which of the two holds. Pure: no clock, no I/O.

It is Envoy's hot restart: the next epoch takes the sockets of the one that holds, which goes on with the connections
it has, and ends. Whoever does the actions may end between any two: processes are found again by what they were started
with. Docs: docs/adr/0026-hot-restart.md. The rules, in the order in which they are applied:

1. One that leaves is asked to end when its time is over, and ended when it does not.
2. The next one holds as soon as it answers. One that is not there in time is ended, and the one that holds goes on.
3. A next one is begun where what holds is not what is needed: not beside one that leaves, and not during a deploy,
   which counts on the figures of one. It is tried again, later each time, and at last given up.
4. What holds and can't be asked any more gets a next one as well; where none comes of it, it is ended.
"""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from evenly.core.fleet import ProcessRef
from evenly.core.parts import restart_delay_s

TAKES_OVER_S = 30.0
MARGIN_S = 2.0  # the next one counts its time itself, and does not bear that the one before ends within it
SLACK_S = 5.0
SILENT_S = 15.0  # what is found and does not answer for so long has lost the door by which it is asked
MOST_FAILURES = 3


class Epoch(Struct, frozen=True):
    """One process of the balancer. `number`: 0 for one that was started alone, one more with each hot restart.
    `digest`: of what it was started with. `since`: when it came to what it is now, in monotonic seconds."""

    process: ProcessRef
    number: int
    digest: str
    since: float


class Handover(Struct, frozen=True):
    """`holds` is `None` where none runs, or one that knows of no hot restart. `failures`: next ones in a row that came
    to nothing, the last of them because of `why`, a clause; the one after is not begun before `retry_at`. `asked`: what
    leaves was asked to end."""

    holds: Epoch | None = None
    next: Epoch | None = None
    leaves: Epoch | None = None
    failures: int = 0
    retry_at: float = 0.0
    why: str | None = None
    asked: bool = False

    @property
    def given_up(self) -> bool:
        return self.failures >= MOST_FAILURES


class Seen(Struct, frozen=True):
    """`needed`: the digest of what should hold. `ready`: what holds answers. `answers`: the number of the epoch that
    does. `free`: nothing is under way that a hot restart would disturb. `leave_s`: how long one may leave."""

    needed: str
    ready: bool
    answers: int | None
    free: bool
    leave_s: float


class Begin(Struct, frozen=True):
    """Start the next epoch."""

    number: int


class Hold(Struct, frozen=True):
    """The next epoch holds from now on."""

    epoch: Epoch


class Ask(Struct, frozen=True):
    """Ask it to end."""

    epoch: Epoch


class End(Struct, frozen=True):
    """SIGKILL."""

    epoch: Epoch
    why: str


Action = Begin | Hold | Ask | End


def decide(handover: Handover, seen: Seen, now: float) -> Action | None:
    """The next thing to do; `None` while there is nothing."""
    return (
        _leave(handover, seen, now)
        or _take_over(handover, seen, now)
        or _begin(handover, seen, now)
        or _give_up(handover, seen, now)
    )


def _leave(handover: Handover, seen: Seen, now: float) -> Action | None:
    leaves = handover.leaves
    over_s = now - leaves.since - seen.leave_s - MARGIN_S if leaves else 0.0
    if leaves is None or over_s < 0:
        return None
    if over_s >= SLACK_S:
        return End(leaves, f"it did not end within {SLACK_S:g} s")
    return None if handover.asked else Ask(leaves)


def _take_over(handover: Handover, seen: Seen, now: float) -> Action | None:
    new = handover.next
    if new is None:
        return None
    if seen.answers == new.number:
        return Hold(new)
    late = now - new.since >= TAKES_OVER_S
    return End(new, f"it did not take over within {TAKES_OVER_S:g} s") if late else None


def _begin(handover: Handover, seen: Seen, now: float) -> Begin | None:
    holds = handover.holds
    if (
        holds is None
        or handover.next
        or handover.leaves
        or handover.given_up
        or not seen.free
        or now < handover.retry_at
    ):
        return None
    # One that failed may have shut the door by which what holds is asked: only another one opens it again.
    mute = handover.failures > 0 or _is_silent(holds, seen, now)
    outdated = seen.ready and holds.digest != seen.needed
    return Begin(holds.number + 1) if outdated or mute else None


def _give_up(handover: Handover, seen: Seen, now: float) -> End | None:
    holds = handover.holds
    lost = holds is not None and handover.given_up and _is_silent(holds, seen, now)
    return End(holds, "it does not answer, and no other took over") if holds and lost else None


def _is_silent(holds: Epoch, seen: Seen, now: float) -> bool:
    return not seen.ready and now - holds.since >= SILENT_S


def found(running: Iterable[Epoch], recorded: ProcessRef | None, *, known: bool = True) -> Handover:
    """What another supervisor left. The one that was recorded holds. Where it is gone nothing does: one that was to
    take over from it waits in vain, and is ended. Where the record was lost (not `known`), the oldest holds until
    another answers."""
    epochs = sorted(running, key=lambda it: it.number)
    holds = next((it for it in epochs if it.process == recorded), None if known else next(iter(epochs), None))
    if holds is None:
        return Handover(next=epochs[-1] if epochs else None)
    return Handover(
        holds,
        next=next((it for it in epochs if it.number == holds.number + 1), None),
        leaves=next((it for it in epochs if it != holds and it.number != holds.number + 1), None),
    )


def started(handover: Handover, epoch: Epoch) -> Handover:
    """It was started alone, for the one before had ended."""
    return Handover(epoch, leaves=handover.leaves)


def began(handover: Handover, epoch: Epoch) -> Handover:
    return replace(handover, next=epoch)


def held(handover: Handover, now: float) -> Handover:
    """The next one holds, and the one before leaves."""
    new, before = handover.next, handover.holds
    if new is None or before is None:
        return handover
    return Handover(replace(new, since=now), leaves=replace(before, since=now))


def failed(handover: Handover, why: str, now: float) -> Handover:
    """The next one came to nothing."""
    failures = handover.failures + 1
    return replace(handover, next=None, failures=failures, retry_at=now + restart_delay_s(failures), why=why)


def asked(handover: Handover) -> Handover:
    """What leaves was asked to end."""
    return replace(handover, asked=True)


def left(handover: Handover, process: ProcessRef) -> Handover:
    """The one that left is gone."""
    is_it = handover.leaves is not None and handover.leaves.process == process
    return replace(handover, leaves=None, asked=False) if is_it else handover
