"""What is known of deploys: the one under way, and how each release's ended. Kept as long as the data.

The supervisor writes it, at every change of phase, so that another one goes on where it stopped; a command writes it
only while no supervisor runs.
"""

from typing import Literal

import msgspec

from evenly.core.deploying import Deploy, Phase
from evenly.errors import StateError
from evenly.local import state
from evenly.local.paths import Paths

BOOK_VERSION = 1
KEPT = 5  # good releases, beside the one that runs, to return to

Outcome = Literal["done", "undone", "cut off"]


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a release's last deploy ended. `at`: RFC 3339; `why`: a sentence, of one that was undone, and `failed` the
    instance of it that ended last."""

    outcome: Outcome
    by: str
    at: str
    why: str | None = None
    failed: str | None = None


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """`deploys.json`. `good`: releases that served as the only one, in the order in which they came to; the last is
    the newest. `endings`: by number."""

    current: Deploy | None = None
    good: tuple[int, ...] = ()
    endings: dict[int, Ending] = {}


def read_book(paths: Paths) -> Book:
    """Raises DamagedError."""
    return state.read(paths.deploys, Book, BOOK_VERSION) or Book()


def write_book(paths: Paths, book: Book) -> None:
    """Raises OSError."""
    state.write(paths.deploys, book, BOOK_VERSION)


def began(book: Book, deploy: Deploy) -> Book:
    """What runs until now has proved good by serving."""
    return msgspec.structs.replace(book, current=deploy, good=_with(book.good, deploy.before))


def ended(book: Book, deploy: Deploy, at: str) -> Book:
    """The deploy is over; one that is in the middle was cut off."""
    outcomes: dict[Phase, Outcome] = {Phase.DONE: "done", Phase.UNDONE: "undone"}
    outcome = outcomes.get(deploy.phase, "cut off")
    ending = Ending(outcome=outcome, by=deploy.by, at=at, why=deploy.why, failed=deploy.failed)
    good = _with(book.good, deploy.release) if outcome == "done" else book.good
    endings = {**book.endings, deploy.release: ending}
    return msgspec.structs.replace(book, current=None, good=good, endings=endings)


def came_up(book: Book, release: int, before: int | None) -> Book:
    """`release` is what the environment is brought up with, in place of `before`."""
    known = _with(book.good, before) if before is not None and before != release else book.good
    return msgspec.structs.replace(book, good=known)


def last_good(book: Book, running: int) -> int | None:
    """The release to return to, unless another one is named."""
    return next((it for it in reversed(book.good) if it != running), None)


def kept_releases(book: Book, running: int) -> frozenset[int]:
    """What has to stay: what runs, what is under way, and the last good ones."""
    current = {book.current.release, book.current.before} if book.current else set()
    good = [it for it in book.good if it != running][-KEPT:]
    return frozenset({running, *current, *good})


def told(deploy: Deploy) -> str:
    """Where a deploy stands, as a sentence."""
    step = f"step {deploy.step + 1} of {len(deploy.steps)}, {deploy.phase}"
    return f"Release {deploy.release} is being deployed by {deploy.by} since {deploy.started_at}: {step}."


def under_way(deploy: Deploy) -> StateError:
    return StateError(
        f"release {deploy.release} is being deployed by {deploy.by} since {deploy.started_at}",
        try_="Wait for it to end, or undo it: evenly rollback",
    )


def _with(good: tuple[int, ...], release: int) -> tuple[int, ...]:
    return (*(it for it in good if it != release), release)
