"""Which change of PostgreSQL's major version is made, by what the manifest asks for and what there is; how long it
takes. Pure: no clock, no I/O. Docs: docs/adr/0028-database-upgrade.md.
"""

from collections.abc import Sequence

from msgspec import Struct

from evenly.errors import StateError, UsageError

NEWEST = 18
FIXED_S = 3.0  # measured: 1.8 for a small database
BYTES_PER_S = 20e6  # dump, load, indexes and statistics; measured: 27 on two busy cores


class Kept(Struct, frozen=True):
    """Data of another version that was replaced, and kept: the name of its folder."""

    version: int
    name: str


class Change(Struct, frozen=True):
    """The database leaves version `before` for `after`: by a copy of its content, or by return to what was `kept`."""

    before: int
    after: int
    kept: Kept | None = None


def plan_change(data: int | None, wanted: int, kept: Sequence[Kept], *, back: bool) -> Change:
    """`data`: the version that the database is of. `wanted`: what the manifest asks for. `back`: return to what the
    last change of version replaced. Raises StateError and UsageError where there is nothing to change."""
    if data is None:
        raise StateError("there is no database yet", where="database", try_="Run `evenly up`.")
    if back:
        return _way_back(data, wanted, kept)
    if wanted == data:
        raise _is_already(data)
    if wanted < data:
        raise UsageError(
            disagreement(data, wanted, kept)[0], where="database.version", try_=_choice(data, wanted, kept)
        )
    return Change(data, wanted)


def disagreement(data: int, wanted: int, kept: Sequence[Kept]) -> tuple[str, str]:
    """Where the manifest asks for another version than the data is of: that as a sentence, and what to try."""
    return (
        f"This environment's data is PostgreSQL {data}'s, and the manifest asks for {wanted}.",
        _choice(data, wanted, kept),
    )


def estimate_s(size_bytes: int) -> float:
    """For how long no writes are taken, in seconds, for a database of `size_bytes`."""
    return FIXED_S + size_bytes / BYTES_PER_S


def _way_back(data: int, wanted: int, kept: Sequence[Kept]) -> Change:
    others = [it for it in kept if it.version != data]
    if not others:
        raise StateError("there is no data of another version to return to", where="database")
    newest = max(others, key=lambda it: it.name.partition("-")[2])
    if wanted != newest.version:
        raise UsageError(
            f"the data to return to is PostgreSQL {newest.version}'s, and the manifest asks for {wanted}",
            where="database.version",
            try_=f"Set `database: {{version: {newest.version}}}`, then run evenly database upgrade --back.",
        )
    return Change(data, newest.version, newest)


def _is_already(data: int) -> StateError | UsageError:
    if data == NEWEST:
        return StateError(
            f"the database is PostgreSQL {data}'s already, the newest there is", where="database"
        )
    return UsageError(
        f"the database is PostgreSQL {data}'s, as the manifest asks",
        where="database.version",
        try_=f"Set `database: {{version: {NEWEST}}}`, then run evenly database upgrade.",
    )


def _choice(data: int, wanted: int, kept: Sequence[Kept]) -> str:
    stay = f"set `database: {{version: {data}}}` to keep it as it is"
    if wanted > data:
        return f"Upgrade it: evenly database upgrade. Or {stay}."
    if any(it.version == wanted for it in kept):
        return f"Return to what the upgrade replaced: evenly database upgrade --back. Or {stay}."
    return f"{stay[0].upper()}{stay[1:]}: there is no way from {data} to {wanted}."
