"""A deploy as a state machine: from what is seen of both releases to its next phase, and what is wanted of the fleet.

    preparing   the migrations are applied, before anything of the new release runs
    growing     the instances that the step needs are launched, beside those that serve
    checking    the synthetic gate: the first ones are asked, and get no traffic before they have answered
    holding     they have the step's traffic, and are watched
    returning   a gate has failed: what ran before is launched again, as far as it had gone
    undoing     it has all the traffic again, and the new ones go
    done, undone

Pure: no clock, no I/O. A recorded sequence of what was seen can be replayed.
"""

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from evenly.core.rollout import Failure, Rollout
from evenly.core.strategy import Step

SLACK_S = 10.0
CRASHES = 2  # one may be an accident
UNDO_LIMIT_S = 60.0  # a deploy that can't be undone in full is over too: the fleet goes on by itself


class Phase(StrEnum):
    PREPARING = "preparing"
    GROWING = "growing"
    CHECKING = "checking"
    HOLDING = "holding"
    RETURNING = "returning"
    UNDOING = "undoing"
    DONE = "done"
    UNDONE = "undone"


BACK = (Phase.RETURNING, Phase.UNDOING)
OVER = (Phase.DONE, Phase.UNDONE)


class Deploy(Struct, frozen=True):
    """One deploy. `before`: the release that runs when it begins. `by`: who asked for it; `started_at`: RFC 3339.
    `since`: when it came into its phase (monotonic). `grace_period`: for an instance to become healthy, in
    seconds. `why`: what failed,
    a sentence, and `failed` the new instance that ended last by then. `prepares`: its migrations are applied; a
    release that was good before has none to apply. `gated`: the first instances are asked before they get traffic."""

    release: int
    before: int
    by: str
    started_at: str
    count: int
    steps: tuple[Step, ...]
    grace_period: float
    since: float
    prepares: bool = True
    gated: bool = True
    phase: Phase = Phase.PREPARING
    step: int = 0
    why: str | None = None
    failed: str | None = None


class Cohort(Struct, frozen=True):
    """One release's instances. `serving`: how many are healthy; `staying`: how many are not on their way out; `full`:
    as many serve as are wanted, evenly over the zones that are available. `sick`: an instance that has failed its
    health checks for a while."""

    serving: int
    staying: int
    full: bool
    sick: str | None = None


class Work(Struct, frozen=True):
    """What a phase waits for has ended: migrations, or the synthetic gate. `failed`: why, as a sentence."""

    failed: str | None = None


class Seen(Struct, frozen=True):
    """What is known now. `failures`, `failed`: new instances that ended by themselves. `work`: of this phase, once it
    has ended. `alarm`: a figure of the new instances that is past its limit, and `stop`: why somebody wants it undone;
    both are sentences."""

    old: Cohort
    new: Cohort
    failures: int = 0
    failed: Failure | None = None
    work: Work | None = None
    alarm: str | None = None
    stop: str | None = None


def advance(deploy: Deploy, seen: Seen, now: float) -> Deploy:
    """The deploy after what was seen at `now`: itself, or its next phase."""
    why = _failure(deploy, seen, now) if deploy.phase not in (*BACK, *OVER) else None
    if why is not None:
        failed = seen.failed.id if seen.failed else None
        return _to(replace(deploy, why=why, failed=failed), Phase.RETURNING, now)
    match deploy.phase:
        case Phase.PREPARING if seen.work:
            return _to(deploy, Phase.GROWING, now)
        case Phase.GROWING if _has_grown(deploy, seen):
            asked = deploy.gated and not deploy.step
            return _to(deploy, Phase.CHECKING if asked else Phase.HOLDING, now)
        case Phase.CHECKING if seen.work:
            return _to(deploy, Phase.HOLDING, now)
        case Phase.HOLDING if now - deploy.since >= current(deploy).hold_s:
            return _next_step(deploy, now)
        case Phase.RETURNING if 2 * seen.old.serving >= deploy.count:
            return _to(deploy, Phase.UNDOING, now)
        case Phase.UNDOING if _is_undone(deploy, seen, now):
            return _to(deploy, Phase.UNDONE, now)
        case _:
            return deploy


def wanted(deploy: Deploy) -> Rollout:
    """How many of each release there are to be in this phase, and who gets the traffic."""
    new, old, share = _numbers(deploy, current(deploy))
    return Rollout(deploy.release, new, old, share, deploy.grace_period)


def current(deploy: Deploy) -> Step:
    return deploy.steps[deploy.step]


def wake_at(deploy: Deploy) -> float:
    """When at the latest to look again (monotonic seconds), events aside."""
    match deploy.phase:
        case Phase.HOLDING:
            return deploy.since + current(deploy).hold_s
        case Phase.GROWING:
            return deploy.since + _patience_s(deploy)
        case _:
            return deploy.since + UNDO_LIMIT_S


def has_traffic(deploy: Deploy) -> bool:
    """Whether the new instances have been given traffic that counts."""
    return deploy.phase is Phase.HOLDING or (deploy.phase is Phase.GROWING and deploy.step > 0)


def _failure(deploy: Deploy, seen: Seen, now: float) -> str | None:
    if seen.stop:
        return seen.stop
    if seen.work and seen.work.failed:
        return seen.work.failed
    if seen.failures >= CRASHES and seen.failed:
        return (
            f"{seen.failures} instances of release {deploy.release} failed, and {CRASHES} are too many. "
            f"The last, {seen.failed.id}, {seen.failed.why}."
        )
    if deploy.phase is Phase.GROWING and now - deploy.since >= _patience_s(deploy):
        return (
            f"Only {seen.new.serving} of {current(deploy).new} instances of release {deploy.release} "
            f"became healthy within {_patience_s(deploy):g} s."
        )
    if not has_traffic(deploy):
        return None
    if seen.new.sick:
        return f"Instance {seen.new.sick} of release {deploy.release} fails its health checks."
    return seen.alarm


def _numbers(deploy: Deploy, step: Step) -> tuple[int, int, float | None]:
    match deploy.phase:
        case Phase.GROWING | Phase.CHECKING:
            return step.new, step.old, _share_before(deploy)
        case Phase.HOLDING | Phase.DONE:
            return step.new, step.old, step.share
        case Phase.RETURNING:
            return step.new, deploy.count, _share_before(deploy)
        case Phase.PREPARING | Phase.UNDOING | Phase.UNDONE:
            return 0, deploy.count, 0.0


def _patience_s(deploy: Deploy) -> float:
    """For a step's instances to serve: the first of them may fail."""
    return 2 * deploy.grace_period + SLACK_S


def _has_grown(deploy: Deploy, seen: Seen) -> bool:
    return seen.new.full and seen.old.serving <= current(deploy).old


def _share_before(deploy: Deploy) -> float | None:
    """The traffic stays as it was until the step's instances serve; before the first one there is none."""
    return deploy.steps[deploy.step - 1].share if deploy.step else 0.0


def _next_step(deploy: Deploy, now: float) -> Deploy:
    if deploy.step + 1 == len(deploy.steps):
        return _to(deploy, Phase.DONE, now)
    return _to(replace(deploy, step=deploy.step + 1), Phase.GROWING, now)


def _is_undone(deploy: Deploy, seen: Seen, now: float) -> bool:
    return (not seen.new.staying and seen.old.full) or now - deploy.since >= UNDO_LIMIT_S


def _to(deploy: Deploy, phase: Phase, now: float) -> Deploy:
    return replace(deploy, phase=phase, since=now)
