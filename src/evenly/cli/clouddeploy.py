"""`evenly deploy -e ENV` for an environment on AWS: what was planned, or a plan that is made, shown and confirmed
now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from msgspec import Struct
from msgspec.structs import replace

from evenly.cli.cloud import place_of, read_plan, save_plan, teller
from evenly.cli.cloudpreflight import check_preflight
from evenly.cli.cloudrelease import source_of, verified, work_of
from evenly.cli.confirming import check_agreed, check_confirmed
from evenly.cli.options import hint, print_json, shown
from evenly.cli.words import count_of
from evenly.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from evenly.aws.changes.plan import Plan
    from evenly.aws.operations.deploying import Done
    from evenly.aws.releasing.source import Source
    from evenly.cli.cloud import Place
    from evenly.cli.environments import OnAws


class How(Struct, frozen=True):
    """How the user wants it done. `is_agreed`: nobody has to be asked, unless data is lost. `confirm`: the name that
    was given for that. `on_aws`: the image is built there. `verify`: the checks are run in the end. `preflight`: quotas
    and permissions are looked at first."""

    is_agreed: bool
    confirm: str | None = None
    on_aws: bool = False
    verify: bool = True
    as_json: bool = False
    preflight: bool = True


def deploy_on_aws(chosen: OnAws, how: How, *, profile: str | None, plan_file: Path | None) -> ExitCode:
    """Does what the plan says. Raises StateError where more would be changed than it says."""
    place = place_of(chosen, profile)
    source = source_of(place)
    if plan_file:
        return deploy_planned(place, read_plan(plan_file), plan_file, source, replace(how, is_agreed=True))
    plan, path = planned_now(place, source)
    return deploy_planned(place, plan, path, source, how)


def planned_now(place: Place, source: Source | None, image: str | None = None) -> tuple[Plan, Path]:
    """A plan that is shown and saved, and where. `image`: in place of the checkout's own."""
    from evenly.cli.cloudplan import made_plan
    from evenly.cli.plantext import plan_lines

    plan = made_plan(place, source, search_drift=True, refresh=False, image=image)
    click.echo("\n".join(plan_lines(plan)), err=True)
    return plan, save_plan(place, plan, None)


def deploy_planned(place: Place, plan: Plan, path: Path, source: Source | None, how: How) -> ExitCode:
    """The exit code of what was found in the end."""
    if plan.is_empty:
        click.echo("No stack is to be changed: AWS has what the manifest says.", err=True)
    else:
        if how.preflight:
            check_preflight(place, plan)
        _check(place, plan, how)
    done = _deployed(place, plan, path, source, how)
    _conclude(place, done)
    is_new = any(it.how == "made" and it.concern in ("service", "edge") for it in done)
    result = verified(place, is_new=is_new) if how.verify else None
    if how.as_json:
        print_json({"plan": plan.id, "stacks": done, "verified": result})
    hint(f"evenly status -e {place.environment}")
    return ExitCode.FAILED if result is not None and result.failed else ExitCode.DONE


def _check(place: Place, plan: Plan, how: How) -> None:
    """What loses data is confirmed by the name, whoever saw the plan; the rest is agreed to, unless it was seen
    before."""
    if plan.losing:
        losses = "; ".join(f"{mark.resource} {mark.what.rstrip('.')}" for _, mark in plan.losing)
        check_confirmed(
            how.confirm,
            f"This loses data of {place.environment}: {losses}.",
            "--confirm",
            name=place.environment,
            spared="nothing was changed",
        )
    elif not how.is_agreed and how.confirm != place.environment:
        check_agreed(f"Do this to {place.environment}", "nothing was changed")


def _deployed(place: Place, plan: Plan, path: Path, source: Source | None, how: How) -> tuple[Done, ...]:
    """Ctrl-C ends the watching alone."""
    from evenly.aws.operations.clock import Clock
    from evenly.aws.operations.deploying import deploy
    from evenly.aws.releasing.release import Release

    clock, say = Clock(), teller()
    desired = replace(place.desired, source=source.digest if source else None)
    work = work_of(place, plan, source, on_aws=how.on_aws)
    release = Release(place.cloud, place.topology, desired, plan, work, clock, say)
    try:
        return deploy(place.cloud, desired, plan, clock, say, release.supply, release)
    except KeyboardInterrupt:
        click.echo(
            "AWS goes on with what was begun. To go on watching, and with the rest: "
            f"evenly deploy -e {place.environment} --plan {shown(path)}",
            err=True,
        )
        raise


def _conclude(place: Place, done: tuple[Done, ...]) -> None:
    changed = [it for it in done if it.how in ("made", "changed")]
    told = f"{count_of(len(changed), 'stack')} of {len(done)}" if changed else "No stack"
    click.echo(f"{told} changed; {place.environment} is as the manifest says.", err=True)
