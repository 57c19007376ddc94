"""`evenly status -e ENV` for an environment on AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from evenly.cli.cloud import place_of
from evenly.cli.options import hint, print_json
from evenly.cli.words import BAD, CAREFUL, GOOD, age, harmless, styled, table

if TYPE_CHECKING:
    from datetime import datetime

    from evenly.aws.operations.looking import CloudStatus, StackStatus
    from evenly.cli.environments import OnAws

COLOURS = {"ready": GOOD, "busy": CAREFUL, "review": CAREFUL, "absent": CAREFUL, "fallen": BAD, "stuck": BAD}
WORDS = {
    "ready": "there",
    "busy": "being changed",
    "review": "never made",
    "absent": "not there",
    "fallen": "could not be made",
    "stuck": "needs you",
}


def status_on_aws(chosen: OnAws, *, profile: str | None, as_json: bool) -> None:
    from datetime import UTC, datetime

    from evenly.aws.operations.looking import look

    place = place_of(chosen, profile)
    status = look(place.cloud, place.desired)
    if as_json:
        print_json(status)
        return
    click.echo("\n".join(status_lines(status, datetime.now(UTC))))
    hint(f"evenly plan -e {place.environment}")


def status_lines(status: CloudStatus, now: datetime) -> list[str]:
    """Where it is, how it is reached, and each stack."""
    head = f"{status.service}, {status.environment}: account {status.account}, {status.region}"
    return [
        head,
        *([f"  {status.url}"] if status.url else []),
        "",
        *table(_row(it, now) for it in status.stacks),
        *(f"  {it.stack}: {harmless(it.reason)}" for it in status.stacks if it.reason and _is_worth_it(it)),
    ]


def _is_worth_it(it: StackStatus) -> bool:
    return it.standing in ("fallen", "stuck", "busy")


def _row(it: StackStatus, now: datetime) -> tuple[str, ...]:
    word = WORDS[it.standing] if it.wanted else f"{WORDS[it.standing]}, and asked for no longer"
    since = f"changed {age(it.updated, now)} ago" if it.updated else ""
    guarded = "protected" if it.is_protected else ""
    return (it.concern, styled(word, COLOURS[it.standing]), it.status or "", since, guarded)
