"""The table of attacks in the documentation names tests that exist, and none of the edge's is missing from it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
EDGE = ROOT / "tests" / "functional" / "edge"


def named() -> set[str]:
    return set(re.findall(r"`(test_\w+\.py::test_\w+)`", (ROOT / "docs" / "security.md").read_text()))


def existing() -> set[str]:
    return {
        f"{path.name}::{name}"
        for path in EDGE.glob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE)
    }


def test_every_test_that_is_named_exists() -> None:
    assert named() - existing() == set()


def test_every_test_of_the_edge_is_named() -> None:
    assert existing() - named() == set()
