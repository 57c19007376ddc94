"""`evenly plan -e ENV` for an environment on AWS."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from evenly.cli.cloud import place_of, save_plan
from evenly.cli.cloudpreflight import noted
from evenly.cli.cloudrelease import source_of
from evenly.cli.options import hint, print_json, shown

if TYPE_CHECKING:
    from pathlib import Path

    from evenly.aws.changes.plan import Plan
    from evenly.aws.releasing.source import Source
    from evenly.cli.cloud import Place
    from evenly.cli.environments import OnAws


def plan_on_aws(
    chosen: OnAws,
    *,
    profile: str | None,
    out: Path | None,
    as_json: bool,
    as_markdown: bool,
    search_drift: bool,
    refresh: bool,
) -> None:
    """Makes it, saves it and prints it."""
    place = place_of(chosen, profile)
    made = made_plan(place, source_of(place), search_drift=search_drift, refresh=refresh)
    plan = noted(place, made)
    path = save_plan(place, plan, out)
    if as_json:
        print_json(plan)
    elif as_markdown:
        from evenly.cli.planmarkdown import plan_markdown

        click.echo(plan_markdown(plan))
    else:
        from evenly.cli.plantext import plan_lines

        click.echo("\n".join(plan_lines(plan)))
    click.echo(f"\nSaved as {shown(path)}.", err=True)
    if not plan.is_empty:
        hint(f"evenly deploy -e {place.environment} --plan {shown(path)}")
    else:
        hint(f"evenly status -e {place.environment}")


def made_plan(
    place: Place, source: Source | None, *, search_drift: bool, refresh: bool, image: str | None = None
) -> Plan:
    """`source`: what the app's image is built from; with `image`, that one is to run whatever the checkout holds.
    `refresh`: the newest image of the hosts is looked up, in place of the one that they have. Nothing is built."""
    from evenly.aws.operations.clock import Clock
    from evenly.aws.operations.lookups import IMAGE, look_up
    from evenly.aws.operations.planning import make_plan

    place.cloud.checked_identity(place.desired.account, place.environment)  # before anything else is asked
    wanted = frozenset(name for it in place.desired.stacks for name in it.looked_up)
    tag = source.tag if source else None
    looked = look_up(place.cloud, place.topology, wanted, refresh=refresh, tag=tag, image=image)
    to_build = (f"An image is to be built first ({tag}): no one knows its digest yet.",)
    desired = replace(
        place.desired,
        source=source.digest if source else None,
        notes=(*place.desired.notes, *(to_build if IMAGE in looked.coming else ())),
    )
    return make_plan(place.cloud, desired, looked, Clock(), secrets.token_hex(6), search_drift=search_drift)
