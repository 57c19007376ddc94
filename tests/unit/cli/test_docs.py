"""docs/cli.md names every command and every option that there is, and no other."""

import re
from pathlib import Path

import click
import pytest

from evenly.cli.main import COMMANDS, cli
from evenly.errors import ExitCode

REFERENCE = Path(__file__).parents[3] / "docs" / "cli.md"
OF_ALL = {"-h", "--help", "-e", "--env"}


def sections() -> dict[str, str]:
    _, *parts = REFERENCE.read_text(encoding="utf-8").split("\n## ")
    return {part.partition("\n")[0]: part.partition("\n")[2] for part in parts}


def command(name: str) -> click.Command:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


def parameters(of: click.Command) -> list[click.Parameter]:
    """Its own, and those of the commands below it."""
    below = of.commands.values() if isinstance(of, click.Group) else ()
    return [*of.params, *(parameter for it in below for parameter in parameters(it))]


def test_it_has_every_command_in_order() -> None:
    assert [it for it in sections() if it.startswith("evenly ")] == [f"evenly {name}" for name in COMMANDS]


@pytest.mark.parametrize("name", COMMANDS)
def test_it_has_every_option(name: str) -> None:
    options = [it for it in parameters(command(name)) if isinstance(it, click.Option)]
    real = {word for it in options for word in it.opts} - OF_ALL
    rows = re.findall(r"^\| `(-[^`]*)` \|", sections()[f"evenly {name}"], re.MULTILINE)
    assert {word for row in rows for word in re.findall(r"--?[a-z][a-z-]*", row)} == real


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_knows_the_environment_and_help(name: str) -> None:
    words = {word for it in command(name).params for word in it.opts}
    assert {"-e", "--env"} <= words
    assert all(it.help for it in command(name).params if isinstance(it, click.Option))


def test_it_has_every_exit_code() -> None:
    rows = re.findall(r"^\| (\d+) \|", sections()["Exit codes"], re.MULTILINE)
    assert {int(it) for it in rows} == {*map(int, ExitCode), 130}
