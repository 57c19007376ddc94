"""What is kept of runs: both files, whole, the newest 50."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evenly.verify.keeping import MOST, keep, keep_traceback, kept, page_of, reports_folder
from evenly.verify.results import Verification

AT = datetime(2026, 3, 1, 12, 0, 0, 5000, tzinfo=UTC)
RESULT = Verification("https://a.localhost/", None, None, "2026-03-01T12:00:00.005Z", 1.5, ())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return reports_folder(tmp_path)


def test_both_are_kept_by_time_and_kind(folder: Path) -> None:
    found = keep(folder, "verify", RESULT, "<p>page", AT)
    assert found.data.name == "20260301T120000.005Z-verify.json"
    assert (found.kind, found.at) == ("verify", "2026-03-01T12:00:00.005Z")
    assert found.page.read_text() == "<p>page"
    held = json.loads(found.data.read_text())
    assert (held["kind"], held["version"], held["result"]["duration_s"]) == ("verify", 1, 1.5)
    assert kept(folder) == (found,)


def test_nobody_else_may_read_them(folder: Path) -> None:
    found = keep(folder, "load", RESULT, "page", AT)
    assert {path.stat().st_mode & 0o777 for path in (found.data, found.page)} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder.parent / ".gitignore").read_text().endswith("\n*\n")


def test_the_same_time_again_gets_a_name_of_its_own(folder: Path) -> None:
    names = [keep(folder, "drill", RESULT, None, AT).data.name for _ in range(3)]
    assert len(set(names)) == 3
    assert [it.data.name for it in kept(folder)] == sorted(names, reverse=True)


def test_the_newest_are_kept_whatever_their_kind(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "mine.json").write_text("{}")
    (folder / "mine.html").write_text("mine")
    for number in range(MOST + 3):
        at = AT + timedelta(seconds=number)
        keep(folder, "verify" if number % 2 else "load", RESULT, "page", at)
        keep_traceback(folder, KeyError("x"), at)
    assert len(kept(folder)) == MOST
    assert min(it.at for it in kept(folder)) == "2026-03-01T12:00:03.005Z"
    assert len(list(folder.glob("*.html"))) == MOST + 1
    assert (folder / "mine.json").exists()


def test_a_traceback_goes_where_it_says(folder: Path) -> None:
    told = keep_traceback(folder, KeyError("first"), AT)
    assert keep_traceback(folder, KeyError("second"), AT) == told
    log = Path(told.removeprefix("The details are in ").removesuffix("."))
    assert log.read_text().count("KeyError") == 2


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert keep_traceback(tmp_path / "file" / "reports", KeyError(), AT).startswith(
        "Its details could not be kept"
    )
    with pytest.raises(OSError):
        keep(tmp_path / "file" / "reports", "verify", RESULT, "page", AT)


def test_the_page_of_a_run_is_the_last_one_of_its_kind_unless_that_is_older(folder: Path) -> None:
    assert page_of(folder, "drill", "2026-03-01T12:00:00.005Z") is None
    found = keep(folder, "drill", RESULT, "page", AT)
    keep(folder, "load", RESULT, "page", AT + timedelta(hours=1))
    assert page_of(folder, "drill", "2026-03-01T12:00:00.005Z") == found.page.name
    assert page_of(folder, "drill", "2026-03-01T12:00:00.006Z") is None
