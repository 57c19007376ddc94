"""The book of a database's members, when it was lost: what is newer is not guessed."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from evenly.core.failover import Book, Follower
from evenly.errors import StateError
from evenly.local.postgres.book import read_book, write_book


@pytest.fixture
def members(tmp_path: Path) -> tuple[Any, Any]:
    first, second = (SimpleNamespace(data=tmp_path / name) for name in ("18", "18-b"))
    return first, second


def test_without_data_it_begins_anew(members: tuple[Any, Any]) -> None:
    assert read_book(*members) == Book()


@pytest.mark.parametrize(("there", "primary"), [(0, "a"), (1, "b")])
def test_the_data_of_one_is_the_primarys(members: tuple[Any, Any], there: int, primary: str) -> None:
    members[there].data.mkdir()
    assert read_book(*members) == Book(primary, Follower.NONE)


def test_of_the_data_of_two_neither_is_taken(members: tuple[Any, Any]) -> None:
    for it in members:
        it.data.mkdir()
    with pytest.raises(StateError, match="what is known of them is lost") as refused:
        read_book(*members)
    assert refused.value.try_ is not None and str(members[1].data) in refused.value.try_


def test_what_was_written_is_read(members: tuple[Any, Any]) -> None:
    for it in members:
        it.data.mkdir()
    write_book(members[0], Book("b", Follower.IN_SYNC, 3))
    assert read_book(*members) == Book("b", Follower.IN_SYNC, 3)
