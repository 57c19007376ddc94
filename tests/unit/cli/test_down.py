"""down: its words, and that nothing but the typed name deletes data."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evenly.cli.down import stopped_line

Evenly = Callable[..., Any]


@pytest.fixture
def state() -> Callable[[], Path]:
    """Some state of an environment that is down."""

    def made() -> Path:
        kept = Path(".evenly") / "local" / "kept"
        kept.parent.mkdir(parents=True)
        kept.write_text("data")
        return kept

    return made


def test_nothing_runs(evenly: Evenly) -> None:
    ran = evenly("down")
    assert (ran.code, ran.out) == (0, "Nothing was running.\n")


def test_what_was_stopped_is_said() -> None:
    everything = {"watchdog": 1, "supervisor": 1, "balancer": 1, "instance": 3, "database": 1}
    assert stopped_line(everything) == (
        "Stopped 3 instances, the balancer, the database, the supervisor and the watchdog."
    )
    assert stopped_line({"instance": 1}) == "Stopped 1 instance."


@pytest.mark.parametrize("typed", ["", "\n", "yes\n", "y\n", "Local\n", "production\n"])
def test_anything_but_the_name_deletes_nothing(evenly: Evenly, state: Callable[[], Path], typed: str) -> None:
    kept = state()
    ran = evenly("down", "--delete-data", typed=typed)
    assert (ran.code, ran.out) == (2, "")
    assert "nothing was deleted" in ran.err
    assert kept.exists()


@pytest.mark.parametrize(
    "arguments",
    [("--delete-data", "--yes"), ("--delete-data", "--confirm", "yes"), ("--confirm", "local"), ("--yes",)],
)
def test_no_other_option_deletes(
    evenly: Evenly, state: Callable[[], Path], arguments: tuple[str, ...]
) -> None:
    kept = state()
    assert evenly("down", *arguments).code == 2
    assert kept.exists()


def test_the_typed_name_deletes(evenly: Evenly, state: Callable[[], Path]) -> None:
    kept = state()
    assert evenly("down", "--delete-data", typed="local\n").code == 0
    assert not kept.exists()


def test_the_name_as_an_option_deletes(evenly: Evenly, state: Callable[[], Path]) -> None:
    kept = state()
    assert evenly("down", "--delete-data", "--confirm", "local").code == 0
    assert not kept.exists()
