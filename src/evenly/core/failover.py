"""Which of a database's two members is the primary, and what is to be done next. Pure: no clock, no I/O.

Each member has a data folder, in a zone of its own. The book is what is durably known; `decide` holds it against what
is seen now and names one action. Whoever does the actions may end between any two: the next one reads the book, looks,
and goes on. Docs: docs/adr/0022-database-failover.md. The rules, in the order in which they are applied:

1. What may not run is fenced: a member whose zone is lost, one that does not follow, and a primary that hangs.
2. The standby becomes the primary only when the book says that it is in sync, and no primary runs.
3. A standby that is not there any more is written down as behind before the primary stops waiting for it.
4. A primary that was promoted in the book is promoted in truth only when all that worked on the other's data is gone.
   Then the link is moved.
5. A standby is in the book as in sync only when it holds all that was acknowledged, and nothing more is acknowledged
   without it.
6. Before all that: data that is to be replaced is, once that is in the book, when nothing works on either member's. The
   primary stays who it was, and its standby is made anew.
"""

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

MEMBERS = ("a", "b")
PATIENCE_S = 0.3  # for a standby that lost its connection: the primary's commits wait meanwhile
HANGS_AFTER_S = 2.5  # of a primary that gives no new connection a word, and has had no processor time either
BUSY_S = 20.0  # of one that had some: it may wait for its turn
REBUILD_AFTER_S = 20.0  # for a standby that never connects: the primary has no longer what it would need


class Follower(StrEnum):
    """What the book says of the member that is not the primary."""

    NONE = "none"  # its data is none to follow with: it has to be copied from the primary
    BEHIND = "behind"  # it follows; the primary acknowledges without it
    IN_SYNC = "in-sync"  # it holds all that was acknowledged: nothing is acknowledged without it


class Replacement(Struct, frozen=True):
    """The primary's data is replaced by the folder `source`, which is complete, and kept as `kept`; both beside it.
    `version`: of the source, where that is another one. `unwritten_since`: the primary's next transaction when it was
    made of that, if it was: the primary's data must not have been written to since.
    """

    source: str
    kept: str
    version: int | None = None
    unwritten_since: int | None = None


class Book(Struct, frozen=True):
    """What is durably known. `generation`: 1, and one more with each promotion and each replacement. `replacing`: what
    has been begun with."""

    primary: str = MEMBERS[0]
    follower: Follower = Follower.NONE
    generation: int = 1
    replacing: Replacement | None = None


class MemberSeen(Struct, frozen=True):
    """One member now. `runs`: its server is there, or is being started. `quiet`: it was made sure, since it last ran,
    that no process works on its data. `ready`: it answers. `reads_only`: it answers as a standby does. `hangs`: it
    runs, and gives no new connection a word."""

    runs: bool = False
    quiet: bool = False
    ready: bool = False
    reads_only: bool = False
    zone_up: bool = True
    hangs: bool = False


class Seen(Struct, frozen=True):
    """What is seen now.

    `link`: the member that apps are led to. `streaming`: the standby receives from the primary; `detached_s`: for how
    long it has not, while it could have. `waits`: the primary may be waiting for the standby before it acknowledges;
    `guarding`: that is being arranged; `guarded`: it certainly does, and the standby holds all that came before.
    `copying`: the standby's data is being made; `copied`: it is complete. `wanted`: there is to be a standby;
    `may_begin`: and it may be started now. `asked`: a replacement that was asked for; `replaced`: the one that the book
    speaks of is done; `refused`: it must not be, for what it was made of was written to since.
    """

    members: dict[str, MemberSeen]
    link: str | None
    streaming: bool = False
    detached_s: float = 0.0
    waits: bool = False
    guarding: bool = False
    guarded: bool = False
    copying: bool = False
    copied: bool = False
    wanted: bool = True
    may_begin: bool = True
    asked: Replacement | None = None
    replaced: bool = False
    refused: bool = False


class Write(Struct, frozen=True):
    """Put the book down, durably."""

    book: Book
    why: str


class Fence(Struct, frozen=True):
    """SIGKILL for all that works on the member's data, until nothing does."""

    member: str
    why: str


class Start(Struct, frozen=True):
    """Start the member. `waits`: as a primary that acknowledges nothing without its standby."""

    member: str
    waits: bool


class Promote(Struct, frozen=True):
    """End the member's recovery: it takes writes from now on."""

    member: str


class Point(Struct, frozen=True):
    """Lead the apps to the member."""

    member: str


class Guard(Struct, frozen=True):
    """Have the primary wait for its standby, and see to it that this holds for all that comes."""

    primary: str


class Release(Struct, frozen=True):
    """Have the primary wait for nobody."""

    primary: str


class Copy(Struct, frozen=True):
    """Make the member's data anew, from the primary's."""

    member: str


class Replace(Struct, frozen=True):
    """Put the data in its place, in a way that can be gone on with from any point."""

    member: str
    replacement: Replacement


Action = Write | Fence | Start | Promote | Point | Guard | Release | Copy | Replace


def is_hung(silent_s: float, worked_s: float) -> bool:
    """Whether a primary that gave no new connection a word for so long hangs. `worked_s`: the processor time that its
    postmaster has had meanwhile."""
    return silent_s >= (BUSY_S if worked_s else HANGS_AFTER_S)


def other(member: str) -> str:
    return MEMBERS[1 - MEMBERS.index(member)]


def decide(book: Book, seen: Seen) -> Action | None:
    """The next thing to do; `None` while there is nothing."""
    if book.replacing is not None:
        return _replace(book, book.replacing, seen)
    if seen.asked is not None and seen.members[book.primary].zone_up:
        return Write(replace(book, replacing=seen.asked), "it is asked for")
    return _fence(book, seen) or _record(book, seen) or _hold_primary(book, seen) or _hold_standby(book, seen)


def _replace(book: Book, replacing: Replacement, seen: Seen) -> Action | None:
    """The primary first: what is copied from it then ends as well."""
    for name in (book.primary, other(book.primary)):
        if not seen.members[name].quiet:
            return Fence(name, "the database's data is replaced")
    if seen.copying:
        return None
    if seen.refused:
        return Write(replace(book, replacing=None), "the data was written to since")
    if not seen.replaced:
        return Replace(book.primary, replacing)
    return Write(Book(book.primary, Follower.NONE, book.generation + 1), "the data was replaced")


def _fence(book: Book, seen: Seen) -> Fence | None:
    for name, it in seen.members.items():
        if it.runs and not it.zone_up:
            return Fence(name, "its zone is lost")
    standby = other(book.primary)
    if book.follower is Follower.NONE and seen.members[standby].runs:
        return Fence(standby, "it is the primary no longer")
    hangs = seen.members[book.primary].hangs
    return Fence(book.primary, "it does not answer") if hangs else None


def _record(book: Book, seen: Seen) -> Write | None:
    """What has to be written down before anything else is done."""
    if book.follower is not Follower.NONE and not seen.wanted:
        return _write(book, Follower.NONE, "no standby is wanted")
    standby = seen.members[other(book.primary)]
    if book.follower is not Follower.NONE and standby.ready and not standby.reads_only:
        return _write(book, Follower.NONE, "it takes writes, and does not follow")
    if book.follower is Follower.IN_SYNC:
        return _promotion(book, seen) or _degradation(book, seen)
    if book.follower is Follower.BEHIND and seen.guarded and seen.streaming and standby.runs:
        return _write(book, Follower.IN_SYNC, "it holds all that was acknowledged")
    if book.follower is Follower.BEHIND and seen.detached_s >= REBUILD_AFTER_S:
        return _write(book, Follower.NONE, "it can't follow any more")
    if book.follower is Follower.NONE and seen.copied:
        return _write(book, Follower.BEHIND, "its data is complete")
    return None


def _promotion(book: Book, seen: Seen) -> Write | None:
    primary, standby = _both(book, seen)
    if primary.runs or not (standby.ready and standby.reads_only):
        return None
    why = "ended" if primary.zone_up else "is in a zone that is lost"
    return Write(Book(other(book.primary), Follower.NONE, book.generation + 1), f"the primary {why}")


def _degradation(book: Book, seen: Seen) -> Write | None:
    """Not while both are gone and can come back: either may be needed."""
    primary, standby = _both(book, seen)
    if primary.runs and not standby.runs:
        return _write(book, Follower.BEHIND, "the standby ended")
    if primary.ready and seen.detached_s >= PATIENCE_S:
        return _write(book, Follower.BEHIND, "the standby does not follow")
    if primary.zone_up and not (primary.runs or standby.runs) and not (seen.may_begin and standby.zone_up):
        return _write(book, Follower.BEHIND, "the primary starts alone")
    return None


def _hold_primary(book: Book, seen: Seen) -> Action | None:
    primary, standby = _both(book, seen)
    if not primary.runs:
        start = Start(book.primary, waits=book.follower is Follower.IN_SYNC)
        return start if primary.zone_up else None
    if seen.waits and not _may_wait(book, seen):
        return Release(book.primary)
    if not primary.ready:
        return None
    if primary.reads_only:
        gone = Fence(other(book.primary), "another one takes its place")
        return Promote(book.primary) if standby.quiet else gone
    return Point(book.primary) if seen.link != book.primary else None


def _hold_standby(book: Book, seen: Seen) -> Action | None:
    primary, standby = _both(book, seen)
    name = other(book.primary)
    if not (seen.wanted and seen.may_begin and standby.zone_up):
        return None
    if book.follower is not Follower.NONE:
        if not standby.runs:
            return Start(name, waits=False)
        return Guard(book.primary) if _may_guard(book, seen) else None
    if not primary.ready or primary.reads_only or seen.copying:
        return None
    return Copy(name) if standby.quiet else Fence(name, "its data is made anew")


def _may_wait(book: Book, seen: Seen) -> bool:
    """Whether the primary may wait: for a standby in sync, or one that is about to be."""
    _, standby = _both(book, seen)
    about_to_be = standby.runs and (seen.streaming or seen.detached_s < PATIENCE_S)
    return book.follower is Follower.IN_SYNC or (book.follower is Follower.BEHIND and about_to_be)


def _may_guard(book: Book, seen: Seen) -> bool:
    return book.follower is Follower.BEHIND and seen.streaming and not (seen.guarding or seen.guarded)


def _both(book: Book, seen: Seen) -> tuple[MemberSeen, MemberSeen]:
    return seen.members[book.primary], seen.members[other(book.primary)]


def _write(book: Book, follower: Follower, why: str) -> Write:
    return Write(replace(book, follower=follower), why)
