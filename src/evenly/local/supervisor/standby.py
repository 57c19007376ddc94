"""When the database's standby is begun."""

import asyncio
from collections.abc import Callable

from evenly.core.fleet import Fleet
from evenly.core.summary import is_full
from evenly.local.supervisor.room import Room

POLL_S = 0.2
AFTER_S = 1.0


async def begin_standby(room: Room, fleet: Callable[[], Fleet]) -> None:
    """Not before the environment serves, and the first requests have been answered: it would slow them."""
    while not (is_full(fleet()) and room.part.ready):
        await asyncio.sleep(POLL_S)
    await asyncio.sleep(AFTER_S)
    room.let_standby_begin()
