"""What scaling decides on, remembers and says. Pure, and without behaviour; the rules are in `scaling`."""

from msgspec import Struct

from evenly.manifest.types import Count, Seconds

COOLDOWN_OUT_S = Seconds(10.0)
COOLDOWN_IN_S = Seconds(60.0)


class ScalingPolicy(Struct, frozen=True):
    """What to hold, and within which range. `None`: not a target. `p95_ms`: milliseconds; `requests`: a second and
    instance; `cpu`: percent of a core, of each instance."""

    minimum: int
    maximum: int
    p95_ms: float | None = None
    requests: float | None = None
    cpu: float | None = None
    cooldown_out: float = COOLDOWN_OUT_S
    cooldown_in: float = COOLDOWN_IN_S


class Observation(Struct, frozen=True):
    """What was seen at `at` (monotonic seconds). `serving`: instances; `requests`: a second, that came to them, and
    `answered`: of those and of earlier ones; `p95_ms`: of the answers, `None` with too few to tell; `cpu`: percent of
    a core, all of them together, `None` where it is not measured."""

    at: float
    serving: int
    requests: float
    answered: float
    p95_ms: float | None = None
    cpu: float | None = None

    @property
    def each(self) -> float:
        """Requests a second that came to one instance."""
        return self.requests / max(1, self.serving)

    @property
    def each_answered(self) -> float:
        """Answers a second of one instance."""
        return self.answered / max(1, self.serving)


class ScalingState(Struct, frozen=True):
    """What has to be remembered. `desired`: the count that was last decided on or found, `changed_at` (monotonic
    seconds) when it last became another, by whomever.

    `out_at`: when it was last scaled out, by a step from `base` instances that served; `whole_at`: when what was
    added served. `borne`: requests a second that one instance is known to bear. `slow`: p95 has been over its
    target since it last broke it.
    """

    desired: int
    changed_at: float
    base: int = 0
    out_at: float | None = None
    whole_at: float | None = None
    borne: float | None = None
    slow: bool = False


class Decision(Struct, frozen=True):
    """The count to hold from now on. `why`: a clause, where it is another than before; `limited`: why more than the
    range's maximum would be wanted, if that is so."""

    state: ScalingState
    why: str | None = None
    limited: str | None = None


def scaling_policy(count: Count) -> ScalingPolicy | None:
    """What `count` asks for on this machine; `None` where it asks for no scaling."""
    if count.response_time is None and count.requests is None and count.cpu is None:
        return None
    rest = count.cooldown
    return ScalingPolicy(
        minimum=count.minimum,
        maximum=count.maximum,
        p95_ms=None if count.response_time is None else count.response_time * 1000,
        requests=count.requests,
        cpu=count.cpu,
        cooldown_out=COOLDOWN_OUT_S if rest.scale_out is None else rest.scale_out,
        cooldown_in=COOLDOWN_IN_S if rest.scale_in is None else rest.scale_in,
    )


def begin(desired: int, now: float) -> ScalingState:
    """What is remembered where nothing is."""
    return ScalingState(desired=desired, changed_at=now)
