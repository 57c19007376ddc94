"""Checks are found: ours, and those of a folder; what is broken there is told with file and line."""

import subprocess
import sys
from pathlib import Path

import pytest

from evenly.errors import UsageError
from evenly.verify.catalogue import check
from evenly.verify.finding import find_checks, select

GREETS = """\
from evenly.verify import Evidence, FailError, Probe, check


@check("shop.greets", "The page greets")
def greets(probe: Probe) -> Evidence:
    return Evidence("GET /", "hello")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "checks"
    made.mkdir()
    return made


def test_ours_are_found_and_have_ids_of_their_own() -> None:
    found = find_checks(None)
    assert len({it.id for it in found}) == len(found) > 6
    assert {"target", "tls", "redirect"} <= {it.subject for it in found}


def test_the_order_is_the_same_each_time() -> None:
    assert [it.id for it in find_checks(None)] == [it.id for it in find_checks(None)]


def test_a_folder_s_files_follow_in_their_order(folder: Path) -> None:
    (folder / "b.py").write_text(GREETS)
    (folder / "a.py").write_text(GREETS.replace("shop.greets", "shop.first"))
    (folder / "_helpers.py").write_text("this is no check")
    (folder / "notes.txt").write_text("nor is this")
    assert [it.id for it in find_checks(folder)][-2:] == ["shop.first", "shop.greets"]
    assert find_checks(folder.parent / "none") == find_checks(None)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("def broken(:\n", 1, "SyntaxError"),
        ("\n\nx = y\n", 3, "NameError: name 'y' is not defined"),
        ("import nowhere_to_be_found\n", 1, "ModuleNotFoundError"),
        ("def f():\n    g()\n\n\nf()\n", 2, "NameError"),
        ("raise SystemExit(3)\n", 1, "SystemExit: 3"),
        (GREETS.replace("shop.greets", "Shop greets"), 4, "ValueError: 'Shop greets' is no id of a check"),
        ("import json\n\njson.loads('{')\n", 3, "JSONDecodeError"),
    ],
)
def test_a_broken_file_is_told_with_its_line(folder: Path, text: str, line: int, what: str) -> None:
    (folder / "shop.py").write_text(text)
    with pytest.raises(UsageError) as caught:
        find_checks(folder)
    assert caught.value.where == f"checks/shop.py:{line}"
    assert f"this file of checks is broken: {what}" in caught.value.what


@pytest.mark.parametrize("other", ["tls.chain", "shop.greets"])
def test_an_id_given_twice_is_refused(folder: Path, other: str) -> None:
    (folder / "a.py").write_text(GREETS)
    (folder / "b.py").write_text(GREETS.replace("shop.greets", other))
    with pytest.raises(UsageError, match=f"the id {other} is given twice") as caught:
        find_checks(folder)
    assert "checks/b.py:4" in str(caught.value.where)


@pytest.mark.parametrize("id", ["", "tls", "Tls.chain", "tls.", "tls chain", "tls..chain", "tls.ch_ain"])
def test_an_id_has_a_form(id: str) -> None:
    with pytest.raises(ValueError, match=r"write subject\.promise"):
        check(id, "It holds")


def test_what_is_selected_keeps_its_order() -> None:
    checks = find_checks(None)
    assert select(checks, ()) == checks
    assert {it.subject for it in select(checks, ("tls", "target"))} == {"tls", "target"}
    assert [it.id for it in select(checks, ("target.healthy",))] == ["target.healthy"]
    both = select(checks, ("target.zones", "redirect"))
    assert list(both) == [it for it in checks if it in both]


@pytest.mark.parametrize(("word", "near"), [("target.healty", "target.healthy"), ("tsl", "tls")])
def test_a_word_that_fits_none_names_the_nearest(word: str, near: str) -> None:
    with pytest.raises(UsageError, match=f"there is no check {word}. Did you mean {near}?"):
        select(find_checks(None), ("redirect", word))


def test_the_facade_is_light() -> None:
    told = "import sys, evenly.verify; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert [it for it in ran.stdout.split() if it.startswith("evenly")] == ["evenly", "evenly.verify"]


def test_the_facade_has_what_it_says() -> None:
    import evenly.verify

    for name in evenly.verify.__all__:
        assert getattr(evenly.verify, name).__name__ == name
    with pytest.raises(AttributeError):
        evenly.verify.nothing  # type: ignore[attr-defined]  # noqa: B018
