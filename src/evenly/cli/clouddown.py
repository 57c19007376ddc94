"""`evenly down -e ENV` for an environment on AWS: its stacks are deleted, and what stays and costs money is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from evenly.cli.cloud import place_of, teller
from evenly.cli.confirming import check_confirmed
from evenly.cli.options import hint
from evenly.cli.words import count_of, listed, table
from evenly.errors import TargetError

if TYPE_CHECKING:
    from evenly.aws.operations.leaving import Leaving, Left
    from evenly.cli.cloud import Place
    from evenly.cli.environments import OnAws

KEPT_BY_NAME = ("AWS::ECR::Repository", "AWS::Logs::LogGroup", "AWS::S3::Bucket")
HOW = {"kept": "stays as it is", "snapshot": "a last snapshot of it is kept"}


def down_on_aws(chosen: OnAws, *, profile: str | None, confirm: str | None, empty: bool) -> None:
    """Asks for the environment's name: whoever says yes to everything has not said this."""
    from evenly.aws.operations.clock import Clock
    from evenly.aws.operations.leaving import foresee, take_down

    place = place_of(chosen, profile)
    leaving, identity = foresee(place.cloud, place.desired)
    leaving = replace(leaving, left=(*leaving.left, *_secrets(place)))
    if not leaving.stacks:
        click.echo(f"No stack of {place.environment} is there.")
        for line in left_lines(leaving.left) if leaving.left else ():
            click.echo(line)
        hint(f"evenly plan -e {place.environment}")
        return
    for line in foreseen_lines(leaving, empty=empty):
        click.echo(line, err=True)
    check_confirmed(
        confirm,
        f"This deletes {count_of(len(leaving.stacks), 'stack')} of {place.environment}, "
        f"in account {identity.account}, for good.",
        "--confirm",
        name=place.environment,
    )
    take_down(place.cloud, place.desired, leaving, identity, Clock(), teller(), empty=empty)
    click.echo(f"{place.environment} is down.")
    for line in left_lines(leaving.left):
        click.echo(line)
    if any(it.type in KEPT_BY_NAME for it in leaving.left):
        click.echo(
            "Buckets, repositories and log groups of these names have to go before the next deploy makes them."
        )
    hint(f"evenly deploy -e {place.environment}")


def _secrets(place: Place) -> tuple[Left, ...]:
    """Those with a value, which no stack has. That they can't be looked at is said, and keeps nothing from going."""
    from evenly.aws.releasing.appsecrets import kept

    try:
        return kept(place.cloud.session.client("secretsmanager", place.topology.region), place.topology)
    except TargetError as error:
        click.echo(f"Whether values of secrets stay could not be found out: {error.what}", err=True)
        return ()


def foreseen_lines(leaving: Leaving, *, empty: bool) -> list[str]:
    """What goes, in its order, and what stays."""
    names = [it.facts.name for it in leaving.stacks]
    guarded = [it.facts.name for it in leaving.stacks if it.facts.is_protected]
    lines = [f"These stacks go, in this order: {', '.join(names)}."]
    if guarded:
        lines.append(f"Termination protection is taken off {listed(guarded)}.")
    if leaving.buckets:
        told = ", ".join(leaving.buckets)
        lines.append(
            f"Emptied first, of all versions: {told}."
            if empty
            else f"Deleted only if they are empty (--empty-buckets empties them): {told}."
        )
    return [*lines, *left_lines(leaving.left)]


def left_lines(left: tuple[Left, ...]) -> list[str]:
    if not left:
        return ["Nothing of it stays that costs money."]
    rows = [(it.physical or it.resource, it.type, HOW[it.how]) for it in left]
    return ["This stays, and costs money until you delete it:", *table(rows, indent="  ")]
