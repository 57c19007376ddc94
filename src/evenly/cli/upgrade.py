"""`evenly database upgrade`: PostgreSQL's major version changed, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from evenly.cli.confirming import check_confirmed
from evenly.cli.options import ENVIRONMENT, environment_option, hint, project_folder, read_manifest
from evenly.cli.words import size

if TYPE_CHECKING:
    from evenly.local.upgrading import Plan, Upgraded


@click.command()
@environment_option
@click.option("--back", is_flag=True, help="Return to the data that the last upgrade replaced.")
@click.option("--confirm", metavar="NAME", help="The environment's name, in place of the question.")
def upgrade(back: bool, confirm: str | None) -> None:
    """Change PostgreSQL's major version to the one in evenly.yaml. Asks for the environment's name, typed.

    \b
        evenly database upgrade             after `version: 18` in evenly.yaml
        evenly database upgrade --back      after `version: 16` again

    No writes are taken while all of it is copied into the new version; reads go on. Then it takes the database's place,
    in a second or two. What is replaced is kept: --back returns to it, without what was written since.
    """
    from evenly.local import upgrading

    project = project_folder()
    finished = upgrading.finish_broken_off(project)
    if finished is not None:
        click.echo(f"The upgrade that was broken off is finished: the database is PostgreSQL {finished}.")
        hint("evenly up", "evenly status")
        return
    plan = upgrading.plan_upgrade(project, read_manifest(project), back=back)
    check_confirmed(confirm, warning(plan, str(project)), "upgrade", spared="nothing was changed")
    done = upgrading.upgrade(plan, lambda line: click.echo(line, err=True))
    for line in done_lines(done):
        click.echo(line)
    click.echo(
        f"What it replaced is kept until the next upgrade, in {done.folder}. To return to it, set "
        f"`version: {done.change.before}`, then: evenly database upgrade --back",
        err=True,
    )
    hint("evenly status" if done.running else "evenly up", "evenly database backup")


def warning(plan: Plan, project: str) -> str:
    """What it will cost."""
    from evenly.core.upgrades import estimate_s

    what = f"The database of {ENVIRONMENT} in {project}"
    if plan.size_bytes is None:
        return (
            f"{what} returns to the data of PostgreSQL {plan.change.after} that was replaced. What was written since "
            "is in it no more; the data of now is kept beside it."
        )
    wait = f"about {estimate_s(plan.size_bytes):.0f} s"
    cost = f"takes no writes for {wait}" if plan.running else f"is changed in {wait}"
    return (
        f"{what}, {size(plan.size_bytes)}, goes from PostgreSQL {plan.change.before} to {plan.change.after}, "
        f"and {cost}. The data of now is kept beside it. Backups of now can be restored after the way back alone."
    )


def done_lines(done: Upgraded) -> list[str]:
    """What was done, as sentences."""
    told = [f"The database is PostgreSQL {done.change.after}."]
    if done.writes_waited_s is not None:
        told.append(f"It took no writes for {done.writes_waited_s:.1f} s.")
    if done.running and done.followed:
        told.append("Its standby is made anew.")
    return [" ".join(told)]
