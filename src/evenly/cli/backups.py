"""`evenly database backup`, `backups` and `restore`: copies of the database, and the way back to any moment since."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from evenly.cli.confirming import check_confirmed
from evenly.cli.options import ENVIRONMENT, environment_option, hint, json_option, print_json, project_folder
from evenly.cli.words import count_of, size, table
from evenly.errors import UsageError

if TYPE_CHECKING:
    from evenly.core.backups import Backup
    from evenly.local.backups import Listed
    from evenly.local.restoring import Plan, Wanted

LATEST = "latest"


@click.command()
@environment_option
@json_option
def backup(as_json: bool) -> None:
    """Back up the database while it runs: all of its data, verified.

    From the first one on its log is archived too, so that any moment since can be restored to; a new backup is then
    made by itself each day, and after each GiB of log. The newest seven are kept, with the log since the oldest.
    """
    from evenly.local.backups import back_up

    made = back_up(project_folder())
    if as_json:
        print_json(shown(made))
    else:
        click.echo(f"Backup {made.name} is made and verified: {size(made.size_bytes)}.")
    hint("evenly database backups", "evenly database restore")


@click.command()
@environment_option
@json_option
def backups(as_json: bool) -> None:
    """The backups, and the times that the database can be restored to."""
    from evenly.local.backups import list_backups

    found = list_backups(project_folder())
    if as_json:
        print_json(listed(found))
        return
    if not (found.backups or found.others):
        click.echo("There are no backups.", err=True)
        hint("evenly database backup")
        return
    click.echo("\n".join(backup_lines(found)))
    hint("evenly database restore BACKUP", "evenly database restore --to TIME")


@click.command()
@environment_option
@click.argument("name", metavar="[BACKUP]", required=False)
@click.option("--to", metavar="TIME", help="A moment, as 2026-11-26T14:05:30, or latest.")
@click.option("--confirm", metavar="NAME", help="The environment's name, in place of the question.")
def restore(name: str | None, to: str | None, confirm: str | None) -> None:
    """Restore the database: to BACKUP, to a moment, or to the newest backup. Asks for the environment's name, typed.

    \b
        evenly database restore
        evenly database restore 20261126T140530Z
        evenly database restore --to 2026-11-26T14:05:30
        evenly database restore --to 2026-11-26T14:05:30+02:00
        evenly database restore --to latest

    A time without an offset is of this machine's time zone. The data is made anew beside the database, which serves
    meanwhile; then it takes its place, in a second or two. What is replaced is kept, and can be restored by its name.
    """
    from evenly.local.restoring import plan_restore
    from evenly.local.restoring import restore as do

    project = project_folder()
    plan = plan_restore(project, wanted(name, to), local_time)
    warning = (
        f"This replaces the database of {ENVIRONMENT} in {project} by {described(plan)}. What was written since then "
        "is in it no more; the data of now is kept beside it."
    )
    check_confirmed(confirm, warning, "restore", spared="nothing was changed")
    done = do(plan, lambda line: click.echo(line, err=True))
    if done.migrations:
        click.echo(f"{count_of(len(done.migrations), 'migration')} of the running release applied to it.")
    if done.running:
        standby = " Its standby is made anew." if done.followed else ""
        click.echo(f"The database is restored to {described(plan)}.{standby}")
    else:
        click.echo(f"The database is restored to {described(plan)}, and takes its place at the next start.")
    click.echo(
        f"What it replaced is kept until the next restore, in {done.folder}. To return to it: "
        f"evenly database restore {done.kept}",
        err=True,
    )
    hint("evenly status" if done.running else "evenly up")


def wanted(name: str | None, to: str | None) -> Wanted:
    """Raises UsageError for both, and for a time that is none."""
    from evenly.local.restoring import Wanted

    if name is not None and to is not None:
        raise UsageError(
            "a backup and a time are two things to restore.", where="--to", try_="Leave one out."
        )
    if to is None:
        return Wanted(name=name)
    return Wanted(last=True) if to == LATEST else Wanted(moment=moment(to))


def moment(text: str) -> float:
    """Seconds since 1970. Without an offset: of this machine's time zone. Raises UsageError."""
    try:
        return datetime.fromisoformat(text.strip()).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            f"{text} is not a time.",
            where="--to",
            try_="Write it as 2026-11-26T14:05:30, or with an offset: +02:00.",
        ) from None


def local_time(seconds: float) -> str:
    """To the second, with this machine's offset."""
    return datetime.fromtimestamp(seconds, UTC).astimezone().isoformat(sep=" ", timespec="seconds")


def described(plan: Plan) -> str:
    """What will be restored, as a noun."""
    target = plan.target
    if target is None:
        return "the data that an earlier restore replaced"
    if target.at_once:
        return f"backup {target.backup.name}, of {local_time(target.backup.taken_at)}"
    if target.moment is None:
        return "what it was last, as far as its log goes"
    return f"what it was at {local_time(target.moment)}"


def backup_lines(found: Listed) -> list[str]:
    """The backups as a table, and below it what can be restored to."""
    rows = [
        (it.name, local_time(it.taken_at), size(it.size_bytes), f"release {it.release}", told_by(it))
        for it in found.backups
    ]
    spans = [
        f"Any time from {local_time(it.begins)} to {local_time(it.ends)} can be restored to."
        for it in found.ranges
    ]
    kept = [f"{name} is what was replaced at {at}." for name, at in found.replaced]
    others = [
        f"{it.name}, of {local_time(it.taken_at)}, is PostgreSQL {version}'s: it can be restored after the way back to "
        "that, evenly database upgrade --back."
        for version, it in found.others
    ]
    log = f"The archived log takes {size(found.log_bytes)}."
    waiting = [f"{count_of(found.waiting, 'file')} of it wait to be archived."] if found.waiting else []
    off = [] if found.archived_to else ["The log is not archived now. To begin: evenly database backup"]
    return [*table(rows), *spans, *kept, *others, " ".join((log, *waiting)), *off]


def told_by(it: Backup) -> str:
    return "by hand" if it.by == "hand" else "by itself"


def shown(it: Backup) -> dict[str, object]:
    """A backup as data. `taken_at`: RFC 3339, UTC."""
    return {
        "name": it.name,
        "taken_at": utc(it.taken_at),
        "size_bytes": it.size_bytes,
        "release": it.release,
        "by": it.by,
    }


def listed(found: Listed) -> dict[str, object]:
    return {
        "backups": [shown(it) for it in found.backups],
        "ranges": [{"from": utc(it.begins), "to": utc(it.ends)} for it in found.ranges],
        "replaced": [{"name": name, "at": at} for name, at in found.replaced],
        "archived_to": found.archived_to,
        "log_bytes": found.log_bytes,
        "waiting": found.waiting,
        "others": [{"version": version, **shown(it)} for version, it in found.others],
    }


def utc(seconds: float) -> str:
    from evenly.core.moments import timestamp

    return timestamp(datetime.fromtimestamp(seconds, UTC))
