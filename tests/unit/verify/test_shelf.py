"""What was kept, read again: verdicts, pages that are made anew, and what can't be read."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests import report_data as data

from evenly.verify.keeping import Kind, keep
from evenly.verify.report import drills_html, load_html, verification_html
from evenly.verify.report.headlines import Tone, of_drills, of_load, of_verification
from evenly.verify.shelf import UNREAD, look, write_index

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUNS: dict[Kind, object] = {
    "verify": data.verification(),
    "drill": data.drills(data.drill(for_s=8.0)),
    "load": data.load_report(),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One of each kind, a minute apart, without pages."""
    for minutes, (kind, result) in enumerate(RUNS.items()):
        keep(tmp_path, kind, result, None, AT + timedelta(minutes=minutes))
    return tmp_path


def test_the_newest_is_first_and_each_tells_how_it_went(folder: Path) -> None:
    load, drill, verify = look(folder)
    assert load.headline == of_load(data.load_report())
    assert drill.headline == of_drills(data.drills(data.drill(for_s=8.0)))
    assert verify.headline == of_verification(data.verification())
    assert {it.about for it in (load, drill, verify)} == {"local"}


def test_a_page_that_is_missing_is_made_of_the_data(folder: Path) -> None:
    load, drill, verify = look(folder)
    assert verify.page and verify.page.read_text() == verification_html(data.verification())
    assert drill.page and drill.page.read_text() == drills_html(data.drills(data.drill(for_s=8.0)))
    assert load.page and load.page.read_text() == load_html(data.load_report())


def test_a_page_that_is_there_stays(tmp_path: Path) -> None:
    keep(tmp_path, "verify", data.verification(), "mine", AT)
    assert (look(tmp_path)[0].page or tmp_path).read_text() == "mine"


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"kind":"load","version":2,"result":{}}', '{"kind":"load","version":1,"result":{}}'],
)
def test_what_cant_be_read_is_told_and_stays(tmp_path: Path, content: str) -> None:
    file = tmp_path / "20260301T120000.000Z-load.json"
    file.write_text(content)
    (found,) = look(tmp_path)
    assert (found.headline, found.headline.tone, found.page) == (UNREAD, Tone.UNREAD, None)
    assert file.read_text() == content


def test_the_list_links_each_page_beside_it(folder: Path) -> None:
    (folder / "20260301T110000.000Z-load.json").write_text("{")
    shown = look(folder)
    index = write_index(folder, shown)
    text = index.read_text()
    assert [text.index(f'href="{it.page.name}"') for it in shown if it.page] == sorted(
        text.index(f'href="{it.page.name}"') for it in shown if it.page
    )
    assert "4 reports, the newest first." in text and UNREAD.text.replace("'", "&#x27;")[:3] in text
    assert not list(folder.glob(".index*"))
