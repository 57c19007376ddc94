"""The steps of a deploy, told before it begins. Pure."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from evenly.core.forecast import Step, applied
from evenly.core.strategy import Step as Stage
from evenly.core.strategy import steps
from evenly.manifest.types import Deployment, RollbackAlarms
from evenly.manifest.units import format_duration


def deploy_forecast(
    how: Deployment,
    count: int,
    zones: int,
    *,
    release: int,
    before: int,
    migrations: Sequence[str],
    is_new: bool,
) -> tuple[Step, ...]:
    """What deploying `release` beside `count` instances of `before` does. `is_new`: it is still to be made."""
    stages = steps(how, count, zones)
    made = [Step(f"make release {release}", "the app or the manifest has changed")] if is_new else []
    return (
        *made,
        *applied(migrations, f"before anything of release {release} runs, while release {before} serves"),
        *_begun(stages[0], release),
        *_traffic(stages[0], release, how.rollback_alarms),
        *(
            it
            for old, new in pairwise(stages)
            for it in _stage(old, new, release, before, how.rollback_alarms)
        ),
    )


def _begun(first: Stage, release: int) -> Iterator[Step]:
    yield Step(f"launch {_instances(first.new)} of release {release}", f"beside the {first.old} that serve")
    yield Step("ask the new instances: the synthetic gate", "they get no traffic before they have answered")


def _stage(last: Stage, stage: Stage, release: int, before: int, alarms: RollbackAlarms) -> Iterator[Step]:
    if gone := last.old - stage.old:
        yield Step(f"drain {_instances(gone)} of release {before}", "the new ones serve in their place")
    if more := stage.new - last.new:
        yield Step(f"launch {_instances(more)} of release {release}", "the ones before them hold")
    if stage.share != last.share or stage.hold_s:
        yield from _traffic(stage, release, alarms)


def _traffic(stage: Stage, release: int, alarms: RollbackAlarms) -> Iterator[Step]:
    every = stage.new + stage.old
    share = 100 * stage.new / every if stage.share is None else stage.share
    limits = f"more than {alarms.errors:g} % errors, p95 over {format_duration(alarms.response_time)} or failed health"
    if stage.hold_s:
        yield Step(
            f"give release {release} {share:.0f} % of the traffic for {stage.hold_s:g} s",
            f"{limits} would roll it back",
        )


def _instances(count: int) -> str:
    return f"{count} instance{'' if count == 1 else 's'}"
