"""init, lint and the manifest's part of up and plan: words and exit codes, with nothing started."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from evenly.cli.up import edited_lines
from evenly.core.status import EnvironmentStatus
from evenly.local.environment import Up
from evenly.manifest.types import Count, Manifest

Evenly = Callable[..., Any]
BROKEN_APP = "name: shop\napp: {serve: 'nowhere.at.all:app'}\n"


def snapshot(folder: Path) -> Mapping[str, bytes | None]:
    return {str(it): it.read_bytes() if it.is_file() else None for it in sorted(folder.rglob("*"))}


def test_init_writes_a_manifest_that_lint_likes(evenly: Evenly) -> None:
    ran = evenly("init")
    assert (ran.code, ran.err) == (0, "Next: evenly up\n")
    assert ran.out.startswith("Found the reference web service: ")
    assert Path("evenly.yaml").read_text().count("name: shop") == 1
    checked = evenly("lint")
    assert (checked.code, checked.out) == (0, "")
    assert checked.err == "No findings.\nNext: evenly plan, evenly up\n"


def test_init_never_overwrites(evenly: Evenly) -> None:
    Path("evenly.yaml").write_text("mine")
    ran = evenly("init")
    assert ran.code == 3
    assert "left as it is" in ran.err
    assert Path("evenly.yaml").read_text() == "mine"


def test_init_says_what_it_found_what_it_kept_and_what_comes_next(evenly: Evenly) -> None:
    mine = {
        "Dockerfile": "FROM mine",
        "pages/404.html": "mine",
        ".gitignore": "*.pyc",
        "requirements.txt": "nope-x\n",
    }
    for name, text in mine.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)
    Path("main.py").write_text(
        "import os\nKEY = os.environ['STRIPE_KEY']\nasync def app(scope, receive, send): ...\n"
    )
    ran = evenly("init")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0] == "Found an ASGI application: main.py sets app."
    assert "  It is started by app.serve: main:app" in lines
    assert "kept   Dockerfile" in lines and "kept   pages/404.html" in lines and "wrote  evenly.yaml" in lines
    assert [Path(name).read_text() for name in ("Dockerfile", "pages/404.html")] == ["FROM mine", "mine"]
    assert Path(".gitignore").read_text() == "*.pyc\n.evenly/\n.env\n"
    assert ran.err == (
        "Next: python3 -m venv .venv, .venv/bin/pip install -r requirements.txt, "
        "install -m 600 .env.example .env (and fill in STRIPE_KEY), evenly up\n"
    )


def test_init_takes_a_name_and_an_application(evenly: Evenly) -> None:
    ran = evenly("init", "--name", "hello", "--serve", "site:create_app", "--yes")
    assert ran.code == 0
    text = Path("evenly.yaml").read_text()
    assert "name: hello\n" in text and "serve: site:create_app\n" in text


def test_init_refuses_a_name_that_is_none(evenly: Evenly) -> None:
    ran = evenly("init", "--name", "Not One")
    assert (ran.code, list(Path().iterdir())) == (2, [])
    assert "Try: --name not-one" in ran.err


def test_init_refuses_what_cannot_be_served(evenly: Evenly) -> None:
    ran = evenly("init", "--serve", "no such: thing")
    assert (ran.code, list(Path().iterdir())) == (2, [])
    assert "app.serve" in ran.err


def test_lint_tells_what_cannot_work(evenly: Evenly) -> None:
    Path("evenly.yaml").write_text(BROKEN_APP)
    ran = evenly("lint")
    assert ran.code == 2
    assert ran.out.startswith("error: app.serve: the module nowhere.at.all is not in the folder .")
    assert ran.err == "1 error.\n"


def test_lint_as_data_names_the_line_of_a_broken_manifest(evenly: Evenly) -> None:
    Path("evenly.yaml").write_text("name: shop\nzonen: 2\n")
    ran = evenly("lint", "--json")
    (found,) = json.loads(ran.out)
    assert (ran.code, ran.err) == (2, "")
    assert (found["severity"], found["path"], found["line"]) == ("error", "zonen", 2)


def test_a_broken_manifest_is_told_with_file_and_line(evenly: Evenly) -> None:
    Path("evenly.yaml").write_text("name: shop\nzonen: 2\n")
    for name in ("up", "plan", "lint"):
        ran = evenly(name)
        assert ran.code == 2
        assert ran.err.startswith("evenly: evenly.yaml:2: zonen")


@pytest.mark.parametrize("name", ["up", "plan"])
def test_what_lint_calls_an_error_stops_them(evenly: Evenly, name: str) -> None:
    Path("evenly.yaml").write_text(BROKEN_APP)
    ran = evenly(name)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("evenly: evenly.yaml: this can't work:\n  app.serve: ")
    assert not Path(".evenly").exists()


def test_plan_tells_every_step_and_changes_nothing(evenly: Evenly, tmp_path: Path) -> None:
    before = snapshot(tmp_path)
    ran = evenly("plan", "--json")
    assert snapshot(tmp_path) == before
    told = json.loads(ran.out)
    assert (told["running"], told["commands"]) == (False, ["evenly up"])
    steps = [it["what"] for it in told["steps"]]
    assert steps[:5] == [
        "make release 1",
        "make the certificate authority",
        "initialise PostgreSQL 18",
        "start PostgreSQL 18",
        "apply 1 migration: 0001_greetings.sql",
    ]
    assert steps[-2:] == ["launch 1 instance in local-a", "launch 1 instance in local-b"]


def test_plan_says_why_and_ends_with_the_command(evenly: Evenly) -> None:
    Path("evenly.yaml").write_text("name: shop\ndatabase: null\n")
    ran = evenly("plan", "--count", "3")
    assert ran.code == 0
    assert ran.out.startswith("1. make release 1\n   why: there was none before\n")
    assert "PostgreSQL" not in ran.out
    assert ran.err == "To do it: evenly up, then evenly scale 3\n"


@pytest.mark.parametrize("command", ["up", "plan", "lint"])
def test_a_range_that_is_upside_down_is_told_and_changes_nothing(evenly: Evenly, command: str) -> None:
    Path("evenly.yaml").write_text("name: shop\ncount: {range: 8-2, response_time: 200ms}\n")
    before = snapshot(Path.cwd())
    ran = evenly(command)
    assert ran.code == 2
    assert 'count.range: "8-2" is upside down. Write the smaller number first: 2-8.' in ran.out + ran.err
    assert snapshot(Path.cwd()) == before


def test_plan_refuses_a_count_outside_of_the_range(evenly: Evenly) -> None:
    assert evenly("plan", "--count", "99").code == 2


def test_an_edited_manifest_is_shown_with_what_applies_it(status: EnvironmentStatus) -> None:
    up = Up(status, was_running=True, manifest=Manifest(name="shop"))
    assert edited_lines(up, Manifest(name="shop")) == []
    assert edited_lines(up, Manifest(name="shop", zones=3)) == [
        "evenly.yaml was edited since it was brought up:",
        "  zones: 2 -> 3",
        "Nothing of that is applied yet. Apply it with: evenly down, then evenly up",
    ]


def test_a_count_within_the_range_can_be_scaled_to(status: EnvironmentStatus) -> None:
    up = Up(status, was_running=True, manifest=Manifest(name="shop"))
    inside = edited_lines(up, Manifest(name="shop", count=Count(minimum=4, maximum=8)))
    assert inside[-1] == "For the number of instances alone: evenly scale 4"
    scaled = edited_lines(up, Manifest(name="shop", count=Count(cpu=60)))
    assert scaled[1:] == [
        "  count.cpu: not set -> 60",
        "Nothing of that is applied yet. Apply it with: evenly deploy",
    ]
    outside = edited_lines(up, Manifest(name="shop", count=Count(minimum=9, maximum=12)))
    assert outside[-1].endswith("evenly deploy")
