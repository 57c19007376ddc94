"""The journal as sentences, and its telling while a command waits."""

from pathlib import Path

import pytest

from evenly.cli.journal import last_sentences, sentence, sentences_from
from evenly.cli.progress import telling

LAUNCH = (
    b'{"at":"2026-03-01T12:00:00.000Z","action":"launch","instance":"i-1","why":"local-a holds 0 of 1"}\n'
)
MIGRATE = b'{"at":"2026-03-01T12:00:01.000Z","action":"migrate","file":"0001_a.sql"}\n'
TOLD = "instance i-1 launching: local-a holds 0 of 1"


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"action": "ready-database"}, "database ready"),
        ({"action": "problem", "what": "first\nsecond\x1b[2J"}, "first"),
        ({"action": "problem", "what": "a\x1b[2Jb"}, "a?[2Jb"),
        ({"action": "supervisor", "pid": 1}, None),
        ({"action": "launch"}, None),
        ({}, None),
    ],
)
def test_sentences(entry: dict[str, object], told: str | None) -> None:
    assert sentence(entry) == told


def test_a_half_line_waits_for_its_end(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    journal.write_bytes(LAUNCH + MIGRATE[:10])
    told, offset = sentences_from(journal, 0)
    assert (told, offset) == ([TOLD], len(LAUNCH))
    journal.write_bytes(LAUNCH + MIGRATE)
    assert sentences_from(journal, offset) == (["migration 0001_a.sql applied"], len(LAUNCH + MIGRATE))


def test_a_journal_that_began_anew_is_read_from_its_beginning(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    journal.write_bytes(LAUNCH)
    assert sentences_from(journal, 10_000)[0] == [TOLD]
    assert sentences_from(tmp_path / "none", 5) == ([], 5)


def test_damaged_lines_are_passed_over(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    journal.write_bytes(b"\xff\xfe\n[1]\nnull\n{half\n" + LAUNCH)
    assert last_sentences(journal, 5) == (("12:00:00", TOLD),)
    assert last_sentences(tmp_path / "none", 5) == ()


def test_only_what_is_new_is_told_and_all_of_it(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    journal.write_bytes(LAUNCH)
    said: list[str] = []
    with telling(journal, said.append), journal.open("ab") as file:
        file.write(MIGRATE)
    (line,) = said
    assert line.endswith(" s  migration 0001_a.sql applied")
