"""The plots and the figures of docs/scaling.md are those of the simulation as it is now.

`python -m tests.scaling.plots` draws the plots anew and prints the table.
"""

from pathlib import Path

from tests.scaling.plots import files, table

DOCS = Path(__file__).parents[3] / "docs" / "scaling.md"


def test_the_plots_are_those_of_the_simulation() -> None:
    for file, text in files().items():
        assert file.read_text() == text, f"{file.name} is another by now: python -m tests.scaling.plots"
        assert f"(images/{file.name})" in DOCS.read_text()


def test_the_figures_are_those_of_the_simulation() -> None:
    for row in table():
        assert row in DOCS.read_text().splitlines()
