"""`evenly open` and its words where there is nothing to open."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evenly.cli.down import stopped_line

Evenly = Callable[..., Any]


@pytest.mark.parametrize(
    "words", [("open",), ("open", "--print"), ("open", "service"), ("open", "--print", "service")]
)
def test_without_an_environment_nothing_is_opened_or_begun(evenly: Evenly, words: tuple[str, ...]) -> None:
    ran = evenly(*words)
    assert (ran.code, ran.out) == (3, "")
    assert "there is no environment here" in ran.err and "evenly up" in ran.err
    assert not Path(".evenly").exists()


def test_another_word_is_a_usage_error(evenly: Evenly) -> None:
    assert evenly("open", "door").code == 2


def test_the_dashboard_is_among_what_was_stopped() -> None:
    assert stopped_line({"supervisor": 1, "dashboard": 1}) == "Stopped the supervisor and the dashboard."
