"""`evenly down`: stop all of it."""

import click

from evenly.cli.cloud import only_here, only_on_aws, profile_option
from evenly.cli.confirming import check_confirmed
from evenly.cli.environments import Here, OnAws, choose
from evenly.cli.options import ENVIRONMENT, every_environment_option, hint, project_folder
from evenly.cli.words import count_of, listed
from evenly.errors import UsageError

COUNTED = {
    "instance": ("instance", "instances"),
    "worker": ("worker process", "worker processes"),
    "job": ("job", "jobs"),
}
ONE_EACH = ("balancer", "database", "supervisor", "watchdog", "dashboard")


@click.command()
@every_environment_option
@click.option(
    "--delete-data",
    is_flag=True,
    help="On this machine: delete the database, its backups and all state too; asks for the name.",
)
@click.option("--empty-buckets", is_flag=True, help="On AWS: empty the buckets that go; they have to be.")
@click.option(
    "--confirm", metavar="NAME", help="The environment's name, in place of the question where data is lost."
)
@profile_option
def command(
    environment: str, delete_data: bool, empty_buckets: bool, confirm: str | None, profile: str | None
) -> None:
    """Stop all of it: instances, balancer, database, supervisor. Data stays.

    With --delete-data the database, its backups and all state are deleted as well. It asks for the environment's name,
    typed; a script gives it with --confirm.

    On AWS: delete the stacks of the environment. It asks for the name; of the database a last snapshot is kept, and
    what stays and costs money is named.
    """
    match choose(environment):
        case Here():
            only_on_aws(empty_buckets=empty_buckets, profile=profile)
            _down_here(delete_data=delete_data, confirm=confirm)
        case OnAws() as chosen:
            from evenly.cli.clouddown import down_on_aws

            only_here(delete_data=delete_data)
            down_on_aws(chosen, profile=profile, confirm=confirm, empty=empty_buckets)


def _down_here(*, delete_data: bool, confirm: str | None) -> None:
    from evenly.local.environment import take_down

    project = project_folder()
    if delete_data:
        check_confirmed(
            confirm,
            f"This deletes the database, its backups and all state of {ENVIRONMENT} in {project}, for good.",
            "--delete-data",
        )
    elif confirm is not None:
        raise UsageError("it belongs to --delete-data.", where="--confirm")
    stopped = take_down(project, delete_data=delete_data)
    click.echo(stopped_line(stopped.by_role))
    click.echo(
        "Its database, the backups and all its state are deleted." if delete_data else "Its data stays.",
        err=True,
    )
    hint("evenly up", *(() if delete_data else ("evenly down --delete-data",)))


def stopped_line(by_role: dict[str, int]) -> str:
    """What was stopped, as a sentence. `by_role`: how many processes of each role."""
    named = [
        *(count_of(by_role[role], *words) for role, words in COUNTED.items() if by_role.get(role)),
        *(f"the {role}" for role in ONE_EACH if by_role.get(role)),
    ]
    return f"Stopped {listed(named)}." if named else "Nothing was running."
