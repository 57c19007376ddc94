"""`evenly secrets -e ENV` for an environment on AWS: which of its secrets have a value, and to give one its value."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from evenly.cli.options import hint, print_json
from evenly.cli.words import coloured, table
from evenly.core.secret import Secret
from evenly.errors import StateError, UsageError

if TYPE_CHECKING:
    from evenly.aws.operations.cloud import Cloud
    from evenly.aws.releasing.appsecrets import AppSecrets
    from evenly.aws.topology import AwsTopology
    from evenly.cli.environments import OnAws

HEADINGS = ("NAME", "IN SECRETS MANAGER", "STATE")
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
LARGEST = 65_536  # bytes


class Kept(Struct, frozen=True):
    """An environment on AWS, without its templates: they are of no account here, and take a while."""

    topology: AwsTopology
    cloud: Cloud


def list_on_aws(chosen: OnAws, profile: str | None, as_json: bool) -> None:
    """Raises StateError where one has no value."""
    place = _place(chosen, profile)
    names = _names(place)
    missing = app_secrets(place).missing(names)
    states = {it: "missing" if it in missing else "there" for it in names}
    places = {it: place.topology.names.secret(f"app/{it}") for it in names}
    if as_json:
        print_json([{"name": it, "source": places[it], "state": states[it]} for it in names])
    elif names:
        rows = [(it, places[it], coloured(states[it])) for it in names]
        click.echo("\n".join(table([HEADINGS, *rows])))
    else:
        click.echo("The manifest names no secrets.", err=True)
    if missing:
        raise StateError(
            f"no value yet: {', '.join(missing)}.",
            where="secrets",
            try_=f"evenly secrets set {missing[0]} -e {chosen.name}",
        )


def set_on_aws(chosen: OnAws, name: str, profile: str | None) -> None:
    """Raises UsageError for a name that the manifest has not, and for a value that is none."""
    place = _place(chosen, profile)
    names = _names(place)
    if name not in names:
        raise UsageError(
            f"the manifest names no secret {name}.",
            where="NAME",
            try_=f"It names: {', '.join(names) or 'none'}. To add one: secrets in evenly.yaml.",
        )
    secrets, key = app_secrets(place), key_of(place)
    is_new = secrets.set(name, _value(name), key)
    click.echo(f"{name} is {'set' if is_new else 'set anew'} in {chosen.name}.", err=True)
    if not is_new:
        click.echo("Tasks that start from now on have it; those that run keep the one they have.", err=True)
    hint(f"evenly secrets list -e {chosen.name}", f"evenly deploy -e {chosen.name}")


def _place(chosen: OnAws, profile: str | None) -> Kept:
    from evenly.aws.cloud.session import Session
    from evenly.aws.operations.cloud import Cloud
    from evenly.aws.topology import aws_topology

    topology = aws_topology(chosen.manifest, chosen.name)
    return Kept(topology, Cloud(Session(profile), topology.region))


def _names(place: Kept) -> tuple[str, ...]:
    from evenly.aws.releasing.appsecrets import secret_names

    return secret_names(place.topology)


def app_secrets(place: Kept) -> AppSecrets:
    """Raises UsageError for credentials of another account than the manifest's."""
    from evenly.aws.releasing.appsecrets import AppSecrets
    from evenly.aws.stacks.common import base_tags

    topology = place.topology
    place.cloud.checked_identity(topology.account, topology.environment)
    asked = place.cloud.session.client("secretsmanager", topology.region)
    return AppSecrets(asked, topology.names, base_tags(topology))


def key_of(place: Kept) -> str:
    """The environment's. Raises StateError before the foundation is there."""
    stack = place.topology.names.stack("foundation")
    found = place.cloud.formation(place.topology.region).stack(stack)
    key = found.outputs.get("KeyArn") if found else None
    if key is None:
        deploy = f"evenly deploy -e {place.topology.environment}"
        raise StateError(
            "the key that it would be encrypted with is not there yet.",
            where=stack,
            try_=f"{deploy} makes it, and stops before the service until all have a value.",
        )
    return key


def _value(name: str) -> Secret:
    """Typed without being seen, or all that is piped in but for its last line end."""
    if sys.stdin.isatty():
        text = str(click.prompt(f"Value of {name}", hide_input=True, err=True))
    else:
        text = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    if not text or len(text.encode()) > LARGEST:
        what = "it is empty." if not text else f"it is longer than {LARGEST} bytes."
        raise UsageError(what, where=name, try_=f"Pipe it in: evenly secrets set {name} -e ENV < FILE")
    return Secret(text)
