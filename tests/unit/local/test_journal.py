"""The journal as sentences, and its telling while a command waits."""

from datetime import datetime
from pathlib import Path

import pytest

from evenly.cli.progress import telling
from evenly.local.journal import happenings, last_sentences, number_before, sentence, sentences_from

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
        ({"action": "scale", "count": 5}, "5 instances are wanted"),
        (
            {"action": "scale-because", "count": 5, "why": "p95 was 312 ms, over 200 ms"},
            "5 instances are wanted: p95 was 312 ms, over 200 ms",
        ),
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


CRASH = (
    b'{"at":"2026-03-01T12:00:01.000Z","action":"ended-instance","instance":"i-1","zone":"local-a",'
    b'"why":"exited with code 3 after 0.4 s","crashed":"app","ran_s":0.4}\n'
)


def test_events_have_numbers_that_ascend_and_stay(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    journal.write_bytes(LAUNCH + MIGRATE + CRASH)
    launch, migrate, crash = found = happenings(journal, 0)
    assert launch.number < migrate.number < crash.number  # two of them are of the same millisecond
    assert (crash.what, crash.instance, crash.zone) == (
        "instance i-1 exited with code 3 after 0.4 s",
        "i-1",
        "local-a",
    )
    assert (crash.crashed, crash.ran_s, launch.crashed) == ("app", 0.4, None)
    assert happenings(journal, launch.number) == found[1:]
    assert happenings(journal, migrate.number) == found[2:]
    assert happenings(journal, crash.number) == ()
    journal.rename(tmp_path / "journal.jsonl.1")  # as the supervisor does when it is large
    journal.write_bytes(CRASH.replace(b":01.000Z", b":02.000Z"))
    assert happenings(journal, 0)[:3] == found
    assert [it.at[17:23] for it in happenings(journal, migrate.number)] == ["01.000", "02.000"]


def test_events_since_a_time(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    journal.write_bytes(LAUNCH + MIGRATE)
    launch, migrate = happenings(journal, 0)
    assert happenings(journal, number_before(datetime.fromisoformat(launch.at))) == (launch, migrate)
    assert happenings(journal, number_before(datetime.fromisoformat(migrate.at))) == (migrate,)


def test_events_pass_over_what_is_damaged_or_for_nobody(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    pid = b'{"at":"2026-03-01T12:00:00.500Z","action":"supervisor","pid":1}\n'
    journal.write_bytes(LAUNCH + b"\xff\n{half\n[1]\n" + pid + MIGRATE + MIGRATE[:20])
    assert [it.action for it in happenings(journal, 0)] == ["launch", "migrate"]
    assert happenings(tmp_path / "none", 0) == ()


def test_only_what_is_new_is_told_and_all_of_it(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    journal.write_bytes(LAUNCH)
    said: list[str] = []
    with telling(journal, said.append), journal.open("ab") as file:
        file.write(MIGRATE)
    (line,) = said
    assert line.endswith(" s  migration 0001_a.sql applied")
