"""`evenly rollback -e ENV` for an environment on AWS: a plan and a deploy, with the image of an earlier release."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from evenly.cli.cloud import place_of
from evenly.cli.clouddeploy import deploy_planned, planned_now
from evenly.errors import StateError

if TYPE_CHECKING:
    from evenly.cli.clouddeploy import How
    from evenly.cli.environments import OnAws
    from evenly.errors import ExitCode


def rollback_on_aws(picked: OnAws, release: int | None, how: How, *, profile: str | None) -> ExitCode:
    """Templates and variables stay those of the checkout; the database stays as it is."""
    from evenly.aws.operations.looking import look
    from evenly.aws.operations.releases import chosen, releases

    place = place_of(picked, profile)
    outputs = look(place.cloud, place.desired).outputs
    if "ClusterName" not in outputs:
        raise StateError("there is no service yet.", try_=f"evenly deploy -e {picked.name}")
    asked = place.cloud.session.client("ecs", place.desired.region)
    found = chosen(releases(asked, outputs["ClusterName"], outputs["ServiceName"]), release)
    click.echo(f"Back to the image of release {found.number}: {found.image}", err=True)
    plan, path = planned_now(place, None, image=found.image)
    return deploy_planned(place, plan, path, None, how)
