"""What a person has to mend: noticed where it happens, told by `evenly status` and `evenly up`."""

from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Protocol

from evenly.core.fleet import Fleet
from evenly.core.parts import Part
from evenly.errors import EvenlyError, StateError
from evenly.local.paths import Paths
from evenly.local.postgres import start_failure
from evenly.local.supervisor.database import DATABASE_ROLE
from evenly.local.supervisor.journal import Journal
from evenly.local.supervisor.storage import storage_notices
from evenly.local.waiting import LOG_LINES, tail

FAILED_STARTS = 4


class Kept(Protocol):
    """What is to stay up."""

    @property
    def name(self) -> str: ...

    @property
    def part(self) -> Part: ...


class Problems:
    """The one problem to tell: what background work ended with, or a part that does not stay up."""

    def __init__(self, paths: Paths, journal: Journal, keepers: Iterable[Kept]) -> None:
        self._paths = paths
        self._journal = journal
        self._keepers = tuple(keepers)
        self._kept: EvenlyError | None = None

    async def guard(self, work: Coroutine[None, None, None]) -> None:
        """What a person can mend is kept and told; anything else ends this supervisor, for another to try."""
        try:
            await work
        except EvenlyError as error:
            self._kept = error
            self._journal.write("problem", what=str(error))

    def current(self) -> EvenlyError | None:
        failing = (it for it in self._keepers if it.part.failures >= FAILED_STARTS and not it.part.ready)
        return self._kept or next((self._does_not_stay_up(it) for it in failing), None)

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person has to do in time, as sentences."""
        return storage_notices(self._paths)

    def _does_not_stay_up(self, keeper: Kept) -> StateError:
        log = self._paths.logs / f"{keeper.name}.log"
        return StateError(
            f"the {keeper.name} does not stay up: it {keeper.part.why}{_last_words(keeper.name, log)}",
            where=str(log),
            try_=f"Read its last lines with `evenly logs {keeper.name}`.",
        )


def sentence(fleet: Fleet, problem: EvenlyError | None) -> str | None:
    """The problem in one sentence, or else the last launch that came to nothing."""
    if problem:
        return str(problem)
    return f"instance {fleet.failed.id} {fleet.failed.why}" if fleet.failed else None


def _last_words(part: str, log: Path) -> str:
    """What PostgreSQL said when it gave up; the balancer's log is not that easy to quote."""
    if part != DATABASE_ROLE:
        return ""
    return f" ({start_failure(chr(10).join(tail(log, LOG_LINES))).what})"
