"""Folders that others clean: that of the sockets, without which nobody finds anybody, and that of the balancer's
configuration, which it watches. What needs one that is gone is started anew, and so is the supervisor.
"""

import asyncio
import os
import signal

from evenly.local import processes
from evenly.local.paths import Paths
from evenly.local.supervisor.balancer import BALANCER_ROLE
from evenly.local.supervisor.database import DATABASE_ROLE
from evenly.local.supervisor.journal import Journal

LOOK_S = 1.0


async def hold_sockets(paths: Paths, journal: Journal) -> None:
    """Return, and end this supervisor, when one of them is gone. The next one makes it."""
    ended_for: tuple[str, ...] = ()
    while not ended_for:
        await asyncio.sleep(LOOK_S)  # the first time until ours are there
        ended_for = _without(paths)
    journal.write("folders-gone", parts=" and ".join(ended_for))
    marked = await asyncio.to_thread(processes.find_marked, paths.home)
    for role in ended_for:
        for it in processes.mains(marked, role):
            processes.send(it.process, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGTERM)


def _without(paths: Paths) -> tuple[str, ...]:
    """The parts that can't go on without what is gone."""
    if not paths.control_socket.exists():
        return (BALANCER_ROLE, DATABASE_ROLE)
    return () if paths.balancer.is_dir() else (BALANCER_ROLE,)
