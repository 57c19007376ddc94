"""The command line's entry: finds the command, imports its module alone, and turns errors into words.

Commands live in `evenly.cli.<name>`, each with a click command called `command`; a new one is a new module and a
line in COMMANDS. Nothing but this room prints.
"""

import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper

import click

from evenly import __version__
from evenly.cli.options import CHOSEN, first_environment_option
from evenly.errors import EvenlyError, ExitCode, TargetError

COMMANDS = {
    "init": "Write a small manifest, evenly.yaml.",
    "up": "Bring the environment up and show it.",
    "down": "Stop all of it. Data stays.",
    "status": "Zones, instances, balancer, database: what runs now.",
    "logs": "Show the logs of instances, balancer, database, supervisor.",
    "open": "The dashboard in a browser, or the service, or the reports.",
    "plan": "What up or scale would do, and why.",
    "deploy": "Let what the project holds now take over.",
    "rollback": "Return to a release that was good.",
    "releases": "Which releases there are, and what became of each.",
    "scale": "Hold another number of instances.",
    "run": "Run a one-off command as the release that runs would.",
    "shell": "A shell in a running task, on AWS.",
    "secrets": "Which secrets there are, and where they come from.",
    "database": "A shell on the database, its seed, its reset.",
    "jobs": "The scheduled jobs: next and last runs, history, run one now.",
    "trust": "Make browsers trust the environment's certificates.",
    "lint": "Check the manifest without running anything.",
    "package": "Write the templates of an environment on AWS.",
    "verify": "Run the acceptance checks, here or on any address.",
    "drill": "Break something on purpose under load, and see what it costs.",
    "load": "Send requests at a set rate, and see how they are answered.",
    "doctor": "Is this machine fit for it, is anything left over?",
}
INTERRUPTED = 130
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


class LazyGroup(click.Group):
    """Imports a command's module only when that command is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = import_module(f"evenly.cli.{cmd_name}").command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = click.utils.make_str(args[0])
        if name not in COMMANDS:
            ctx.fail(f"there is no command {name}.{_nearest(name)}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """What to try names the environment that the command is about: who raised it knows none, and says `ENV`."""
        try:
            return super().invoke(ctx)
        except EvenlyError as error:
            name = ctx.meta.get(CHOSEN)
            if name and error.try_:
                error.try_ = error.try_.replace("-e ENV", f"-e {name}")
            raise


@click.command(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with: evenly up",
)
@first_environment_option
@click.version_option(__version__, prog_name="evenly", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """A load-balanced web service, evenly spread over two zones, that heals itself."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main() -> None:
    """Run the command of this process's arguments, and end the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(
            stream, TextIOWrapper
        ):  # a character that the terminal does not know is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _leave_pipe()
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command. Exit codes: `evenly.errors.ExitCode`; 130 when it was interrupted."""
    try:
        return cli.main(list(arguments), "evenly", standalone_mode=False, color=_colour()) or ExitCode.DONE
    except EvenlyError as error:
        _say(error)
        return error.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        _say_usage(error)
        return ExitCode.USAGE
    except (BrokenPipeError, SystemExit):  # click turns a broken pipe into SystemExit, and nothing else here
        _leave_pipe()
        return ExitCode.DONE
    except Exception as error:
        refused = _unwritable(error)
        if refused:
            _say(refused)
            return refused.exit_code
        # a defect of ours: the person gets a sentence, the traceback goes to a file
        click.echo(f"evenly: something went wrong that should not. {_kept_traceback()}", err=True)
        return ExitCode.STATE


def _unwritable(error: Exception) -> TargetError | None:
    """What this machine refuses to write, whichever file it was; `None` for any other error."""
    if not isinstance(error, OSError) or error.errno not in UNWRITABLE:
        return None
    where = str(error.filename) if error.filename else None
    return TargetError(f"{error.strerror}", where=where, try_="Make room on the disk, or make it writable.")


def _colour() -> bool | None:
    """`None`: colours on a terminal alone."""
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None


def _say(error: EvenlyError) -> None:
    """An app's last log lines can be part of it, so nothing in it may steer the terminal."""
    from evenly.cli.words import harmless

    where = f"{error.where}: " if error.where else ""
    _say_line("\n".join(harmless(line) for line in f"{where}{error.what}".split("\n")))
    if error.try_:
        click.echo(f"Try: {error.try_}", err=True)


def _say_usage(error: click.ClickException) -> None:
    _say_line(error.format_message())
    context = getattr(error, "ctx", None)
    if context is not None:
        click.echo(f"Try: {context.command_path} --help", err=True)


def _say_line(text: str) -> None:
    click.echo(f"{click.style('evenly:', fg='red')} {text}", err=True, color=_colour())


def _leave_pipe() -> None:
    """Whoever read our output has gone: what is still buffered goes nowhere, without a word."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _kept_traceback() -> str:
    import tempfile
    import traceback
    from pathlib import Path

    told = traceback.format_exc()
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
