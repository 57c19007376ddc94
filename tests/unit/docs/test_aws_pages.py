"""What the pages about AWS say in figures and in order is what the templates of the golden cases say."""

import re
from pathlib import Path

from tests.golden.aws.cases import packaged

from evenly.aws.changes.estimate import estimate
from evenly.aws.stacks.catalogue import waves

DOCS = Path(__file__).resolve().parents[3] / "docs"
ABOUT = 0.1  # how far "about" reaches, of the figure


def test_the_stacks_are_told_in_the_order_of_making() -> None:
    told = re.findall(r"^\| ((?:`[a-z]+`(?:, )?)+) \|", (DOCS / "architecture.md").read_text(), re.MULTILINE)
    order = waves({it.concern: it.body for it in packaged("full").stacks})
    assert [tuple(re.findall("[a-z]+", row)) for row in told] == list(order)


def test_what_it_costs_is_about_what_is_estimated() -> None:
    said = (DOCS / "aws.md").read_text().split("## What it costs")[1].split("\n## ")[0]
    told = [float(it) for it in re.findall(r"about (\d+)", said)]
    real = [
        estimate([(it.body, {}) for it in packaged(case).stacks], "eu-west-1").least
        for case in ("small", "full")
    ]
    assert len(told) == len(real)
    for figure, least in zip(told, real, strict=True):
        assert abs(figure - least) <= ABOUT * least, (figure, least)
