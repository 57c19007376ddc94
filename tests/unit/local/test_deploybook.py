"""The book of deploys: what is under way, what was good, what can be returned to."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from evenly.core.deploying import Deploy, Phase
from evenly.core.strategy import return_steps
from evenly.local.deploybook import (
    Book,
    began,
    came_up,
    ended,
    kept_releases,
    last_good,
    read_book,
    told,
    under_way,
    write_book,
)
from evenly.local.paths import local_paths

DEPLOY = Deploy(
    release=3,
    before=2,
    by="ada",
    started_at="2026-01-01T00:00:00.000Z",
    count=4,
    steps=return_steps(4),
    grace_period=5.0,
    since=0.0,
    phase=Phase.HOLDING,
)
AT = "2026-01-01T00:01:00.000Z"


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    paths = local_paths(tmp_path, tmp_path, 0)
    paths.home.mkdir(parents=True)
    assert read_book(paths) == Book()
    book = began(Book(good=(1,)), DEPLOY)
    write_book(paths, book)
    assert read_book(paths) == book
    done = ended(book, replace(DEPLOY, phase=Phase.DONE), AT)
    write_book(paths, done)
    assert read_book(paths) == done


@pytest.mark.parametrize(
    ("phase", "outcome", "good"),
    [
        (Phase.DONE, "done", (1, 2, 3)),
        (Phase.UNDONE, "undone", (1, 2)),
        (Phase.HOLDING, "cut off", (1, 2)),
    ],
)
def test_how_it_ended_and_what_was_good(phase: Phase, outcome: str, good: tuple[int, ...]) -> None:
    book = ended(began(Book(good=(1,)), DEPLOY), replace(DEPLOY, phase=phase, why="It was slow."), AT)
    assert (book.current, book.good, book.endings[3].outcome) == (None, good, outcome)
    assert (book.endings[3].why, book.endings[3].by, book.endings[3].at) == ("It was slow.", "ada", AT)


def test_the_last_good_one_is_the_one_that_ran_before_not_the_one_with_the_highest_number() -> None:
    book = Book(good=(1, 2, 3))
    assert last_good(book, running=3) == 2
    back = ended(
        began(book, replace(DEPLOY, release=1, before=3)), replace(DEPLOY, release=1, phase=Phase.DONE), AT
    )
    assert back.good == (2, 3, 1)
    assert last_good(back, running=1) == 3
    assert last_good(Book(good=(2, 3, 1)), running=3) == 1
    assert last_good(Book(good=(1,)), running=1) is None


def test_what_runs_what_is_under_way_and_the_last_five_are_kept() -> None:
    book = Book(good=tuple(range(1, 10)))
    assert kept_releases(book, 9) == {4, 5, 6, 7, 8, 9}
    assert kept_releases(began(book, replace(DEPLOY, release=11, before=9)), 9) == {4, 5, 6, 7, 8, 9, 11}


def test_a_release_that_is_brought_up_makes_the_one_before_good() -> None:
    assert came_up(Book(), 2, 1).good == (1,)
    assert came_up(Book(), 1, 1).good == ()
    assert came_up(Book(), 1, None).good == ()


def test_it_is_told_whose_it_is() -> None:
    assert told(DEPLOY) == (
        "Release 3 is being deployed by ada since 2026-01-01T00:00:00.000Z: step 1 of 2, holding."
    )
    assert "release 3 is being deployed by ada" in str(under_way(DEPLOY))
