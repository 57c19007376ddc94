"""One run of a load, whole: what was sent and where, what came of it, and what happened there meanwhile. Pure.

It holds no secret: of headers it has the names, of a body the size, and of an address neither user nor query.
"""

from pathlib import Path

from msgspec import Struct
from yarl import URL

from evenly.core.facts import Happening
from evenly.verify.limits import Broken
from evenly.verify.load import LoadPlan, LoadResult, Stage


class PlanTold(Struct, frozen=True):
    """`scenario`: the name of its file. `body_bytes`: how large a body each request had. `duration_s`: of all
    stages."""

    url: str
    method: str
    stages: tuple[Stage, ...]
    duration_s: float
    headers: tuple[str, ...]
    body_bytes: int
    timeout_s: float
    seed: int | None
    scenario: str | None


class LoadReport(Struct, frozen=True):
    """`environment` and `target` are `None` where only an address was given. `started_at`: RFC 3339, UTC; seconds in
    `result` count from then. `interrupted`: it was ended before its time. `void`: why it proves nothing. `limits`: all
    that were set; `broken`: those that the result has. `events`: what happened in the environment in that time."""

    environment: str | None
    target: str | None
    started_at: str
    plan: PlanTold
    result: LoadResult
    interrupted: bool
    void: str | None
    limits: tuple[str, ...]
    broken: tuple[Broken, ...]
    events: tuple[Happening, ...]

    @property
    def failed(self) -> bool:
        """Whether a limit was broken by a run that counts."""
        return bool(self.broken) and self.void is None


def told(plan: LoadPlan, scenario: Path | None) -> PlanTold:
    """What may be shown of the plan."""
    return PlanTold(
        url=str(URL(plan.url).with_user(None).with_query(None).with_fragment(None)),
        method=plan.method,
        stages=plan.stages,
        duration_s=sum(stage.duration_s for stage in plan.stages),
        headers=tuple(sorted(plan.headers)),
        body_bytes=len(plan.body or b""),
        timeout_s=plan.timeout_s,
        seed=plan.seed,
        scenario=scenario.name if scenario else None,
    )
