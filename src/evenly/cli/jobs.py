"""`evenly jobs`: the scheduled jobs, what became of their runs, and a run by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from evenly.cli.options import environment_option, hint, json_option, print_json, project_folder
from evenly.errors import ExitCode, StateError

if TYPE_CHECKING:
    from pathlib import Path

    from evenly.core.status import JobStatus, PastRun

POLL_S = 0.1


@click.group(invoke_without_command=True)
@environment_option
@json_option
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """The scheduled jobs: when each runs next, and how its last run ended. Times are UTC."""
    if ctx.invoked_subcommand is not None:
        return
    from datetime import UTC, datetime

    from evenly.cli.jobtext import job_lines
    from evenly.local.environment import look

    jobs = look(project_folder()).jobs
    if as_json:
        print_json(jobs)
        return
    if not jobs:
        click.echo("There are no jobs: the manifest names none.", err=True)
        return
    click.echo("\n".join(job_lines(jobs, datetime.now(UTC))))
    hint(f"evenly jobs run {jobs[0].name}", f"evenly jobs history {jobs[0].name}")


@command.command("run")
@environment_option
@click.argument("name")
@click.option("--follow", "-f", is_flag=True, help="Show its output and wait; exit with 1 if it fails.")
@click.pass_context
def run(ctx: click.Context, name: str, follow: bool) -> None:
    """Run the job NAME now, unless a run of it is under way."""
    from evenly.local.environment import run_job

    project = project_folder()
    id = run_job(project, name)
    click.echo(f"{name} runs: {id}.", err=True)
    if not follow:
        hint(f"evenly logs {id}", f"evenly jobs history {name}")
        return
    from evenly.cli.jobtext import outcome_line

    ended = _followed(project, name, id)
    click.echo(outcome_line(name, ended), err=True)
    ctx.exit(ExitCode.DONE if ended.outcome == "succeeded" else ExitCode.FAILED)


@command.command("history")
@environment_option
@click.argument("name")
@json_option
def history(name: str, as_json: bool) -> None:
    """The last 20 runs of the job NAME, oldest first, with those that were skipped or missed."""
    from evenly.cli.jobtext import history_lines
    from evenly.local.environment import job_history

    past = job_history(project_folder(), name)
    if as_json:
        print_json(past)
        return
    if not past:
        click.echo(f"{name} has not run yet.", err=True)
        return
    click.echo("\n".join(history_lines(past)))
    last = next((it.id for it in reversed(past) if it.id), None)
    if last:
        hint(f"evenly logs {last}")


def _followed(project: Path, name: str, id: str) -> PastRun:
    """Print what the run writes until it has ended. Raises StateError when nobody runs it any more."""
    import time

    from evenly.local.environment import job_history, look
    from evenly.local.jobs.book import job_log
    from evenly.local.settings import find_paths

    log = job_log(find_paths(project), name, id)
    shown = 0
    while True:
        ended = next((it for it in job_history(project, name) if it.id == id), None)
        shown += _print_from(log, shown)
        if ended:
            return ended
        if _is_gone(look(project).jobs, name, id) and not any(
            it.id == id for it in job_history(project, name)
        ):
            raise StateError(f"{id} is gone", where=name, try_="See how: evenly logs supervisor")
        time.sleep(POLL_S)


def _is_gone(jobs: tuple[JobStatus, ...], name: str, id: str) -> bool:
    return not any(it.name == name and it.running and it.running.id == id for it in jobs)


def _print_from(log: Path, offset: int) -> int:
    """Print what is in the file beyond `offset`; how many bytes that were."""
    try:
        with log.open("rb") as file:
            file.seek(offset)
            new = file.read()
    except FileNotFoundError:
        return 0
    click.echo(new, nl=False)
    return len(new)
