"""The documents name what is there: files, sections, and each decision by a number of its own."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
DECISIONS = sorted((DOCS / "adr").glob("*.md"))
FILES = re.compile(r"`((?:tests|src|scripts|bench|docs|examples|requirements)/[\w./*-]+)`")
LINKS = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```|^    .*?$", re.DOTALL | re.MULTILINE)
each = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda it: str(it.relative_to(ROOT)))


def anchors(document: Path) -> set[str]:
    """Of its headings, as GitHub makes them: https://docs.github.com/en/get-started/writing-on-github"""
    headings = re.findall(r"^#+ (.+)$", CODE.sub("", document.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", it.lower()).replace(" ", "-") for it in headings}


@each
def test_every_file_that_is_named_is_there(document: Path) -> None:
    missing = [it for it in FILES.findall(document.read_text()) if not any(ROOT.glob(it))]
    assert missing == []


@each
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in LINKS.findall(CODE.sub("", document.read_text())):
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, anchor = link.partition("#")
        target = (document.parent / name) if name else document
        assert target.exists(), link
        assert not anchor or target.suffix != ".md" or anchor in anchors(target), link


@each
def test_every_document_can_be_found_from_the_readme(document: Path) -> None:
    assert document in {*reachable(ROOT / "README.md"), ROOT / "CHANGELOG.md"}


def reachable(first: Path) -> set[Path]:
    """Documents and, where a folder is linked, all in it."""
    found, ahead = set(), [first]
    while ahead:
        here = ahead.pop().resolve()
        if here in found or not here.exists():
            continue
        found.add(here)
        if here.is_dir():
            ahead += here.glob("*.md")
        elif here.suffix == ".md":
            names = [it.partition("#")[0] for it in LINKS.findall(here.read_text()) if "://" not in it]
            ahead += [here.parent / it for it in names if it]
    return found


def test_no_two_decisions_have_one_number() -> None:
    numbers = Counter(it.name.partition("-")[0] for it in DECISIONS)
    assert [number for number, count in numbers.items() if count > 1] == []


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda it: it.name)
def test_a_decision_has_the_number_of_its_file(decision: Path) -> None:
    assert decision.read_text().startswith(f"# {int(decision.name[:4])}. ")


def test_what_was_proved_names_a_file_in_each_row_that_claims_more_than_a_document() -> None:
    rows = re.findall(
        r"^\| ([^|*]+) \| ([^|]+) \| ([^|]*) \|$", (DOCS / "proved.md").read_text(), re.MULTILINE
    )
    claims = [row for row in rows if re.search(r"\b(real|model|emulator|rules)\b", row[1])]
    assert len(claims) > 40
    assert [row[0] for row in claims if not FILES.search(row[2])] == []
