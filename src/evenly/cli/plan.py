"""`evenly plan`: what up, deploy or scale would do, and why."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct
from msgspec.structs import replace

from evenly.cli.cloud import only_here, only_on_aws, profile_option
from evenly.cli.environments import Here, OnAws, choose
from evenly.cli.options import (
    every_environment_option,
    hint,
    json_option,
    print_json,
    project_folder,
    read_manifest,
)
from evenly.errors import UsageError

if TYPE_CHECKING:
    from evenly.core.fleet import Fleet
    from evenly.core.forecast import Step
    from evenly.local.paths import Paths
    from evenly.manifest.dump import Difference
    from evenly.manifest.types import Manifest


class Foreseen(Struct, frozen=True):
    """What would be done. `changes`: how the manifest differs from what runs. `commands`: what does the steps."""

    running: bool
    changes: tuple[Difference, ...]
    steps: tuple[Step, ...]
    commands: tuple[str, ...]


@click.command()
@every_environment_option
@click.option(
    "--count", type=click.IntRange(min=1), metavar="N", help="On this machine: as if scaled to N instances."
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="On AWS: where the plan is saved, for deploy --plan.",
)
@click.option("--markdown", is_flag=True, help="On AWS: print it for a pull request.")
@click.option("--no-drift", is_flag=True, help="On AWS: do not look for what was changed past the stacks.")
@click.option(
    "--refresh", is_flag=True, help="On AWS: take the newest image for the hosts; it replaces them."
)
@profile_option
@json_option
def command(
    environment: str,
    count: int | None,
    out: Path | None,
    markdown: bool,
    no_drift: bool,
    refresh: bool,
    profile: str | None,
    as_json: bool,
) -> None:
    """Show step by step what up would do, or deploy, or scale, and why. Changes nothing.

    On AWS: what deploy would add, change, replace and remove, what loses data, what it does to IAM and to security
    groups, what has drifted, and about what it costs. The plan is saved; deploy --plan does that and nothing more.
    """
    match choose(environment):
        case Here():
            only_on_aws(out=out, markdown=markdown, no_drift=no_drift, refresh=refresh, profile=profile)
            _plan_here(count, as_json)
        case OnAws() as chosen:
            from evenly.cli.cloudplan import plan_on_aws

            only_here(count=count)
            plan_on_aws(
                chosen,
                profile=profile,
                out=out,
                as_json=as_json,
                as_markdown=markdown,
                search_drift=not no_drift,
                refresh=refresh,
            )


def _plan_here(count: int | None, as_json: bool) -> None:
    from evenly.cli.lint import check

    project = project_folder()
    manifest = read_manifest(project)
    check(manifest, project)
    found = foreseen(project, manifest, count)
    if as_json:
        print_json(found)
        return
    click.echo("\n".join(plan_lines(found)))
    if found.commands:
        click.echo(f"To do it: {', then '.join(found.commands)}", err=True)
    else:
        hint("evenly status", "evenly plan --count N")


def plan_lines(found: Foreseen) -> list[str]:
    """The changes of the manifest, then the steps with their reasons."""
    changes = [f"  {it.path}: {it.old or 'not set'} -> {it.new or 'not set'}" for it in found.changes]
    head = ["evenly.yaml differs from what runs:", *changes, ""] if changes else []
    if not found.steps:
        return [*head, "Nothing to do: it runs as the manifest says."]
    width = len(str(len(found.steps)))
    steps = [
        line
        for number, step in enumerate(found.steps, 1)
        for line in (f"{number:>{width}}. {step.what}", f"{'':{width}}  why: {step.why}")
    ]
    return [*head, *steps]


def foreseen(project: Path, manifest: Manifest, count: int | None) -> Foreseen:
    """Raises UsageError for a count outside of what the manifest (while it runs: the running one) allows."""
    from evenly.local.deploys import VERSION, is_fixed
    from evenly.local.environment import running_manifest
    from evenly.local.releases import next_number
    from evenly.local.settings import find_paths
    from evenly.manifest.dump import differences

    paths = find_paths(project)
    fleet = _running_fleet(paths)
    if fleet is None:
        return _of_up(paths, manifest, count)
    runs = running_manifest(project) or manifest
    changes = differences(runs, manifest)
    if count is not None:
        _check_count(runs, count)
        return _of_scale(runs, fleet, count, changes)
    if any(it.path == VERSION for it in changes):
        return _of_upgrade(changes)
    if any(is_fixed(it) for it in changes):
        return _of_change(paths, manifest, fleet, changes)
    number, is_new = next_number(paths, manifest, fleet.release)
    if number == fleet.release:
        return _of_scale(runs, fleet, None, changes)
    return _of_deploy(paths, manifest, fleet, changes, number, is_new=is_new)


def _running_fleet(paths: Paths) -> Fleet | None:
    """The fleet of an environment that is up, from its supervisor's record; `None` when it is down."""
    from evenly.local import processes
    from evenly.local.supervisor.record import read_record

    if not paths.wanted.exists() or not processes.find_marked(paths.home):
        return None
    record = read_record(paths)
    return record.fleet if record else None


def _of_up(paths: Paths, manifest: Manifest, count: int | None) -> Foreseen:
    from evenly.core.forecast import fleet_forecast, up_forecast
    from evenly.core.topology import local_topology
    from evenly.local.foresight import foresee
    from evenly.local.supervisor.supervision import policy
    from evenly.local.versions import check_version

    check_version(paths, manifest)
    topology = local_topology(manifest)
    how = policy(topology)
    up = up_forecast(topology, foresee(paths, manifest, running=False), how)
    if count is None:
        return Foreseen(False, (), up.steps, ("evenly up",))
    _check_count(manifest, count)
    scaled = fleet_forecast(replace(up.fleet, desired=count), how, time.monotonic())
    return Foreseen(False, (), (*up.steps, *scaled.steps), ("evenly up", f"evenly scale {count}"))


def _of_scale(
    manifest: Manifest, fleet: Fleet, count: int | None, changes: tuple[Difference, ...]
) -> Foreseen:
    from evenly.core.forecast import fleet_forecast
    from evenly.core.topology import local_topology
    from evenly.local.supervisor.supervision import policy

    wanted = replace(fleet, desired=fleet.desired if count is None else count)
    steps = fleet_forecast(wanted, policy(local_topology(manifest)), time.monotonic()).steps
    return Foreseen(True, changes, steps, (f"evenly scale {count}",) if count and steps else ())


def _of_upgrade(changes: tuple[Difference, ...]) -> Foreseen:
    """Before anything else: no deploy, and no start, is made over data of another version."""
    from evenly.core.forecast import Step
    from evenly.local.deploys import commands_for

    step = Step(
        "change the major version of the database", "evenly.yaml asks for another one than its data is of"
    )
    return Foreseen(True, changes, (step,), commands_for(changes))


def _of_change(paths: Paths, manifest: Manifest, fleet: Fleet, changes: tuple[Difference, ...]) -> Foreseen:
    """What no deploy can change is applied by taking it down and up again."""
    from evenly.core.forecast import Step, up_forecast
    from evenly.core.topology import local_topology
    from evenly.local.foresight import foresee
    from evenly.local.supervisor.supervision import policy

    topology = local_topology(manifest)
    stop = Step(
        f"stop all {len(fleet.instances)} instances, balancer and database", "the manifest has changed"
    )
    up = up_forecast(topology, foresee(paths, manifest, running=True), policy(topology))
    return Foreseen(True, changes, (stop, *up.steps), ("evenly down", "evenly up"))


def _of_deploy(
    paths: Paths,
    manifest: Manifest,
    fleet: Fleet,
    changes: tuple[Difference, ...],
    number: int,
    *,
    is_new: bool,
) -> Foreseen:
    from evenly.core.deployforecast import deploy_forecast
    from evenly.local.foresight import pending_migrations
    from evenly.local.settings import read_settings

    steps = deploy_forecast(
        manifest.deployment,
        fleet.desired,
        len(fleet.zones),
        release=number,
        before=fleet.release,
        migrations=pending_migrations(paths, manifest, read_settings(paths)),
        is_new=is_new,
    )
    return Foreseen(True, changes, steps, ("evenly deploy",))


def _check_count(manifest: Manifest, count: int) -> None:
    fewest, most = manifest.count.minimum, manifest.count.maximum
    if not fewest <= count <= most:
        raise UsageError(
            f"{count} is outside of the manifest's count, which is {fewest} to {most}",
            where="--count",
            try_="Choose a count inside of it, or change count in evenly.yaml.",
        )
