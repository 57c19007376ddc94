"""How times of restores are read, and backups told."""

import time
from datetime import UTC, datetime

import pytest

from evenly.cli.backups import backup_lines, listed, moment, wanted
from evenly.core.backups import Backup, Range
from evenly.errors import UsageError
from evenly.local.backups import Listed

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC).timestamp()


@pytest.fixture
def in_new_york(monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    "text", ["2026-11-26T07:00:00", "2026-11-26 07:00", "2026-11-26T12:00:00Z", "2026-11-26T14:00:00+02:00"]
)
def test_a_time_is_of_this_machine_s_zone_unless_it_says_another(in_new_york, text):
    assert moment(text) == NOON


@pytest.mark.parametrize("text", ["noon", "", "2026-13-01"])
def test_what_is_no_time_is_refused_with_what_is_one(text):
    with pytest.raises(UsageError, match="is not a time") as raised:
        moment(text)
    assert "2026-11-26T14:05:30" in str(raised.value)


def test_a_backup_and_a_time_are_not_both_restored():
    with pytest.raises(UsageError):
        wanted("20261126T120000Z", "latest")
    assert wanted(None, "latest").last
    assert wanted("20261126T120000Z", None).name == "20261126T120000Z"
    assert wanted(None, None) == wanted(None, None).__class__()


def test_backups_are_told_with_what_can_be_restored_to(in_new_york):
    made = Backup("20261126T120000Z", "77", 1, 0, 1, NOON, 5 * 1024**2, 3, "evenly")
    kept = (("replaced-20261126T1", "2026-11-26T12:30:00.000Z"),)
    found = Listed((made,), (Range(NOON, NOON + 60),), kept, None, 32 * 1024**2, 2)
    assert backup_lines(found) == [
        "20261126T120000Z  2026-11-26 07:00:00-05:00  5 MiB  release 3  by itself",
        "Any time from 2026-11-26 07:00:00-05:00 to 2026-11-26 07:01:00-05:00 can be restored to.",
        "replaced-20261126T1 is what was replaced at 2026-11-26T12:30:00.000Z.",
        "The archived log takes 32 MiB. 2 files of it wait to be archived.",
        "The log is not archived now. To begin: evenly database backup",
    ]
    assert listed(found)["ranges"] == [{"from": "2026-11-26T12:00:00.000Z", "to": "2026-11-26T12:01:00.000Z"}]
