"""The environment that a command is about: the one that was written, wherever it stands."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from evenly.cli.main import COMMANDS, cli
from evenly.cli.options import ON_AWS, every_environment_option

Evenly = Callable[..., Any]

MANIFEST = """\
name: shop
count: 2
database: null
tags: {owner: me}
environments:
  local: {count: 3}
  staging: {target: aws, region: eu-west-1, zones: 3}
  production: {target: aws, regions: [eu-central-1, us-east-1], http: {alias: shop.test}}
"""


@pytest.fixture
def shop(evenly: Evenly) -> Evenly:
    Path("evenly.yaml").write_text(MANIFEST)
    return evenly


def leaves(of: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if not of.no_args_is_help or not isinstance(of, click.Group):
        yield path
    if isinstance(of, click.Group):
        for name, below in of.commands.items():
            yield from leaves(below, (*path, name))


def command(name: str) -> click.Command:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


ALL = [path for name in COMMANDS for path in leaves(command(name), (name,))]
HERE_ALONE = [path for path in ALL if path[0] not in ON_AWS]
COMMANDS_THERE = ", ".join(f"evenly {it}" for it in ON_AWS)
REFUSAL = (
    "evenly: --env: staging is on AWS, and this command is for local alone. "
    f"Commands for staging: {COMMANDS_THERE}.\n"
)


def at(path: tuple[str, ...]) -> click.Command:
    found = command(path[0])
    for name in path[1:]:
        assert isinstance(found, click.Group)
        found = found.commands[name]
    return found


def required(path: tuple[str, ...]) -> list[str]:
    """Something for each argument without which click refuses first."""
    return ["1" for it in at(path).params if isinstance(it, click.Argument) and it.required]


@pytest.mark.parametrize("path", HERE_ALONE, ids=" ".join)
def test_what_is_for_local_alone_says_so_and_does_nothing(shop: Evenly, path: tuple[str, ...]) -> None:
    for arguments in ((*path, "-e", "staging"), ("-e", "staging", *path)):
        ran = shop(*arguments, *required(path))
        assert (ran.code, ran.out, ran.err) == (2, "", REFUSAL)
    assert [it.name for it in Path().iterdir()] == ["evenly.yaml"]


@pytest.mark.parametrize("path", HERE_ALONE, ids=" ".join)
def test_an_environment_that_is_not_written_is_told(shop: Evenly, path: tuple[str, ...]) -> None:
    ran = shop(*path, "--env", "stagin", *required(path))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("evenly: --env: there is no environment stagin. Did you mean staging?\n")


def test_the_environments_are_named_where_none_is_near(shop: Evenly) -> None:
    told = "evenly: --env: there is no environment x: there are local, staging and production.\n"
    assert shop("status", "-e", "x").err.startswith(told)


def test_two_environments_are_one_too_many(shop: Evenly) -> None:
    ran = shop("-e", "staging", "lint", "-e", "production")
    assert (ran.code, ran.err) == (
        2,
        "evenly: --env: staging and production are two environments.\nTry: Write one.\n",
    )
    assert shop("-e", "staging", "lint", "-e", "staging").code == 0
    assert shop("-e", "local", "status", "-e", "staging").code == 2


@pytest.mark.parametrize(
    "arguments", [("-e", "staging", "database", "shell"), ("database", "-e", "staging", "shell")]
)
def test_the_name_holds_for_the_commands_below(shop: Evenly, arguments: tuple[str, ...]) -> None:
    assert shop(*arguments).err == REFUSAL


def test_help_needs_no_environment(shop: Evenly) -> None:
    assert shop("-e", "nowhere", "status", "--help").code == 0
    assert shop("-e", "nowhere").code == 0


def test_the_commands_for_aws_are_those_that_take_every_environment() -> None:
    marked = every_environment_option(click.Command("probe", callback=lambda: None)).params[0]
    found = {
        path[0]
        for path in ALL
        for it in at(path).params
        if it.name == marked.name and (it.callback, it.expose_value) == (marked.callback, True)
    }
    assert found == set(ON_AWS)


def test_local_says_things_differently_here(shop: Evenly) -> None:
    for arguments in (("plan",), ("plan", "-e", "local"), ("-e", "local", "plan")):
        steps = [it["what"] for it in json.loads(shop(*arguments, "--json").out)["steps"]]
        assert steps[-2:] == ["launch 2 instances in local-a", "launch 1 instance in local-b"]


def test_a_broken_environment_is_told_to_whoever_asks_for_another(shop: Evenly) -> None:
    Path("evenly.yaml").write_text(MANIFEST.replace("zones: 3", "zonen: 3"))
    for arguments in (("plan",), ("status", "-e", "staging"), ("lint", "-e", "production")):
        ran = shop(*arguments)
        assert ran.code == 2
        assert ran.err.startswith("evenly: evenly.yaml:7: environments.staging.zonen: unknown key.")


def test_status_here_needs_no_manifest(shop: Evenly) -> None:
    Path("evenly.yaml").write_text("zonen: 2")
    assert "zonen" not in shop("status").err


def test_lint_of_an_environment_tells_what_that_one_has(shop: Evenly) -> None:
    clean = shop("lint", "-e", "staging")
    assert (clean.code, clean.out, clean.err) == (
        0,
        "warning: count: 2 instances cannot fill 3 zones: one stays empty. Write 3 or more, or fewer zones.\n",
        "1 warning.\n",
    )
    found = shop("-e", "production", "lint").out.splitlines()
    assert [it.split(": ")[1] for it in found] == ["http.alias", "environments.production.regions"]
    assert shop("lint").out == ""


def test_lint_of_an_environment_as_data(shop: Evenly) -> None:
    told = json.loads(shop("lint", "-e", "production", "--json").out)
    assert [(it["severity"], it["path"]) for it in told] == [
        ("warning", "http.alias"),
        ("warning", "environments.production.regions"),
    ]
    Path("evenly.yaml").write_text("name: shop\nzonen: 2\n")
    ran = shop("lint", "-e", "production", "--json")
    assert (ran.code, ran.err, json.loads(ran.out)[0]["path"]) == (2, "", "zonen")
