"""The entry: names, wrong use, exit codes, and what is imported."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evenly import __version__
from evenly.cli.main import COMMANDS

Evenly = Callable[..., Any]


def test_bare_it_shows_its_help_and_is_content(evenly: Evenly) -> None:
    bare, asked = evenly(), evenly("--help")
    assert bare.code == asked.code == 0
    assert bare.out == asked.out
    assert all(f"  {name} " in bare.out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_within_80_columns(evenly: Evenly, name: str) -> None:
    ran = evenly(name, "-h")
    assert ran.code == 0
    assert ran.out.startswith(f"Usage: evenly {name}")
    assert all(len(line) <= 80 for line in ran.out.splitlines())


def test_the_version(evenly: Evenly) -> None:
    assert evenly("--version").out == f"evenly {__version__}\n"


def test_an_unknown_command_names_the_nearest(evenly: Evenly) -> None:
    ran = evenly("staus")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "evenly: there is no command staus. Did you mean status?\nTry: evenly --help\n"


def test_an_unknown_option_is_wrong_use(evenly: Evenly) -> None:
    ran = evenly("up", "--detatch")
    assert ran.code == 2
    assert ran.err.endswith("Try: evenly up --help\n")


@pytest.mark.parametrize("arguments", [("-e", "production", "status"), ("status", "--env", "production")])
def test_another_environment_is_refused(evenly: Evenly, arguments: tuple[str, ...]) -> None:
    ran = evenly(*arguments)
    assert (ran.code, ran.err) == (
        2,
        "evenly: --env: there is no environment production: the only one is local.\n"
        "Try: Write it under environments in evenly.yaml.\n",
    )


@pytest.mark.parametrize("name", ["status", "logs", "open"])
def test_without_an_environment_the_code_is_3(evenly: Evenly, name: str) -> None:
    ran = evenly(name)
    assert (ran.code, ran.out) == (3, "")
    assert "Try: Run `evenly up`." in ran.err


def test_scaling_what_does_not_run_is_3(evenly: Evenly) -> None:
    assert evenly("scale", "3").code == 3
    assert evenly("scale", "0").code == 2
    assert evenly("scale", "many").code == 2


def test_what_an_error_quotes_can_not_steer_the_terminal(evenly: Evenly) -> None:
    ran = evenly("logs", "\x1b[2J")
    Path(".evenly/local/logs").mkdir(parents=True)
    assert ran.code == 3
    ran = evenly("logs", "\x1b[2J")
    assert (ran.code, "\x1b" in ran.err) == (2, False)
    assert "there are no logs of \\x1b[2J." in ran.err


def test_a_terminal_that_knows_few_characters_is_no_reason_to_fail(tmp_path: Path) -> None:
    logs = tmp_path / ".evenly" / "local" / "logs"
    logs.mkdir(parents=True)
    (logs / "balancer.log").write_text("\u5e97 is open\n", encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "evenly", "logs"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "latin-1:strict"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.endswith("balancer    \\u5e97 is open\n")


def test_the_help_imports_click_and_no_more() -> None:
    told = (
        "import sys; from evenly.cli.main import run; run(['--help']); print(*sys.modules, file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    heavy = {"rich", "msgspec", "psutil", "yaml", "asyncio", "importlib.metadata", "cryptography", "json"}
    assert not heavy & set(ran.stderr.split())


def test_a_reader_that_leaves_is_no_error() -> None:
    told = f"{sys.executable} -m evenly --help | true"
    ran = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {told}"], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
