"""The manifest that `evenly init` writes: the defaults, and nothing that fails once it is used."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.manifest import parse
from evenly.manifest.schema import paths
from evenly.manifest.template import Start, initial_manifest
from evenly.manifest.types import App, Database, Environment, Manifest

SETTING = re.compile(r"^( *)#(\S.*)$", re.MULTILINE)
SETTINGS = [found.group(2) for found in SETTING.finditer(initial_manifest("shop"))]


def with_setting(setting: str) -> str:
    return initial_manifest("shop").replace(f"#{setting}", setting)


def test_it_says_the_defaults() -> None:
    assert parse(initial_manifest("shop"), "evenly.yaml") == Manifest(name="shop")


@pytest.mark.parametrize("setting", SETTINGS)
def test_each_line_is_valid_once_its_hash_is_gone(setting: str) -> None:
    assert with_setting(setting) != initial_manifest("shop")
    assert parse(with_setting(setting), "evenly.yaml").name == "shop"


def test_all_lines_are_valid_together() -> None:
    manifest = parse(SETTING.sub(r"\1\2", initial_manifest("shop")), "evenly.yaml")
    assert manifest.http.alias == "hello.example.com"
    assert manifest.variables == {"LOG_LEVEL": "info"}
    assert manifest.environments == {"staging": Environment(target="aws", regions=("eu-west-1",))}


def test_it_shows_most_of_the_keys() -> None:
    shown = {word.partition(":")[0] for word in SETTINGS}
    assert shown <= {path.rpartition(".")[2] for path in paths()} | {"LOG_LEVEL", "API_KEY", "staging"}
    assert len(shown) >= 9


def test_it_serves_what_was_found() -> None:
    assert parse(initial_manifest("shop", Start(serve="shop.main:app")), "evenly.yaml").app == App(
        serve="shop.main:app"
    )


@given(
    st.lists(st.text(st.characters(categories=("L", "N", "P", "S", "Zs"))), min_size=1).filter(lambda c: c[0])
)
def test_it_runs_the_command_that_was_given(command: list[str]) -> None:
    text = initial_manifest("shop", Start(command=tuple(command)))
    assert parse(text, "evenly.yaml").app == App(serve=None, command=tuple(command))


def test_it_says_what_was_found() -> None:
    start = Start(
        command=("node", "server.js"),
        build="web app",
        protocol="http",
        health="/up",
        pages="pages/",
        migrations="db/",
        secrets=("API_KEY",),
    )
    found = parse(initial_manifest("shop", start), "evenly.yaml")
    assert (found.app.build, found.app.protocol, found.http.healthcheck.path) == ("web app", "http", "/up")
    assert (found.http.error_pages, found.secrets) == ("pages/", {"API_KEY": "API_KEY"})
    assert found.database == Database(migrations="db/")


def test_without_a_database_it_says_so() -> None:
    assert parse(initial_manifest("shop", Start(database=False)), "evenly.yaml").database is None
