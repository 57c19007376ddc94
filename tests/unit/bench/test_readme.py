"""The README quotes figures of the benchmarks' page, which come from kept results; it links what is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "README.md").read_text()
FIGURES = re.findall(
    r"(?<![\w.])\d[\d,]*(?:\.\d+)? (?:s|MB|% of a core)(?![\w])|(?<![\w.])\d,\d{3}(?![\w.])", README
)


def test_the_readme_quotes_figures() -> None:
    assert len(FIGURES) >= 7


@pytest.mark.parametrize("figure", FIGURES)
def test_each_figure_stands_in_the_benchmarks(figure: str) -> None:
    assert figure in (ROOT / "docs" / "benchmarks.md").read_text()


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]+)\)|src=\"([^\"]+)\"|`(tests/[^`,]+)`", README))
def test_what_the_readme_names_is_there(link: tuple[str, ...]) -> None:
    assert (ROOT / next(filter(None, link))).exists()
