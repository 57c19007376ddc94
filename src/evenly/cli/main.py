"""The command line's entry: finds the command, imports its module alone, and turns errors into words.

Commands live in `evenly.cli.<name>`, each with a click command called `command`; a new one is a new module and a
line in COMMANDS. Nothing but this room prints.
"""

import importlib
import sys
import traceback
from pathlib import Path

import click

from evenly import __version__
from evenly.errors import EvenlyError, ExitCode

COMMANDS = {
    "init": "Write a small manifest, evenly.yaml.",
    "up": "Bring the environment up and show it.",
    "down": "Stop all of it. Data stays.",
    "status": "Zones, instances, balancer, database: what runs now.",
    "logs": "Show the logs of instances, balancer, database, supervisor.",
    "open": "Open the service in a browser.",
    "plan": "What up or scale would do, and why.",
    "scale": "Hold another number of instances.",
    "lint": "Check the manifest without running anything.",
    "doctor": "Is this machine fit for it, is anything left over?",
}


class LazyGroup(click.Group):
    """Imports a command's module only when that command is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found = importlib.import_module(f"evenly.cli.{cmd_name}").command
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = click.utils.make_str(args[0])
        if name not in COMMANDS:
            ctx.fail(f"There is no command {name}.{_nearest(name)}")
        return super().resolve_command(ctx, args)


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with: evenly up",
)
@click.version_option(__version__, prog_name="evenly")
def cli() -> None:
    """A load-balanced web service, evenly spread over two zones, that heals itself."""


def main() -> None:
    """Run a command. Exit codes: `evenly.errors.ExitCode`; 130 when it was interrupted."""
    try:
        sys.exit(cli.main(standalone_mode=False) or ExitCode.DONE)
    except EvenlyError as error:
        _say(error)
        sys.exit(error.exit_code)
    except click.exceptions.Abort:
        click.echo("Interrupted.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.USAGE)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(ExitCode.DONE)
    except Exception:  # a defect of ours: the person gets a sentence, the traceback goes to a file
        click.echo(f"evenly: something went wrong that should not. {_kept_traceback()}", err=True)
        sys.exit(ExitCode.STATE)


def _say(error: EvenlyError) -> None:
    where = f"{error.where}: " if error.where else ""
    click.echo(f"{click.style('evenly:', fg='red')} {where}{error.what}", err=True)
    if error.try_:
        click.echo(f"Try: {error.try_}", err=True)


def _kept_traceback() -> str:
    import tempfile

    told = "".join(traceback.format_exc())
    folder = Path(".evenly") / "local" / "logs"
    try:
        log = (
            folder / "evenly.log"
            if folder.is_dir()
            else Path(tempfile.mkstemp(prefix="evenly-", suffix=".log")[1])
        )
        with log.open("a") as file:
            file.write(told)
    except OSError:
        return told
    return f"The details are in {log}; please report them."


def _nearest(name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name, COMMANDS, n=1)
    return f" Did you mean {near[0]}?" if near else ""
