"""The book of a database's members, beside their data, as durable as that is: which is the primary, and whether the
other one holds all that was acknowledged."""

from pathlib import Path

from evenly.core.failover import MEMBERS, Book, Follower
from evenly.errors import StateError
from evenly.local import state
from evenly.local.postgres.copying import sync_folder
from evenly.local.postgres.server import Server

VERSION = 1


def read_book(first: Server, second: Server) -> Book:
    """What is known of the two, given in the order of their names; of data that knows no book, too.

    Raises StateError when it can't be known, and where the primary's data is not there and the other's is: unless it is
    being replaced.
    """
    book = state.read(book_place(first), Book, VERSION)
    there = {name: it.data.is_dir() for name, it in zip(MEMBERS, (first, second), strict=True)}
    if book is None:
        return _found(first, second, there)
    if book.replacing is not None:
        return book
    if not any(there.values()):
        return Book()
    if not there[book.primary]:
        raise _primary_gone(*((first, second) if book.primary == MEMBERS[0] else (second, first)))
    return book


def read_as_it_is(place: Path) -> Book | None:
    """The book in the file `place`, whatever else is there."""
    return state.read(place, Book, VERSION)


def write_book(first: Server, book: Book) -> None:
    """Durably, in one step. `first`: of the two."""
    state.write(book_place(first), book, VERSION, 0o644)
    sync_folder(book_place(first).parent)


def book_place(first: Server) -> Path:
    return first.data.with_name(f"{first.data.name}.members.json")


def _found(first: Server, second: Server, there: dict[str, bool]) -> Book:
    """Data of one member is the primary's. Which of two is newer is not guessed."""
    if all(there.values()):
        raise StateError(
            "there are two members of the database, and what is known of them is lost",
            where=str(book_place(first)),
            try_=f"Keep the one that was written to last, and move the other away: {first.data} or {second.data}.",
        )
    primary = next((name for name in MEMBERS if there[name]), MEMBERS[0])
    return Book(primary, Follower.NONE)


def _primary_gone(primary: Server, standby: Server) -> StateError:
    return StateError(
        "the folder of the database's primary is not there",
        where=str(primary.data),
        try_=f"Put it back. What its standby has is in {standby.data}; to go on with that one, "
        f"remove {book_place(primary if primary.data.name.isdigit() else standby)}.",
    )
