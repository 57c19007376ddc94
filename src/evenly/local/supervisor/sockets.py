"""The folder of the sockets lies in a place that others clean. When it is gone nobody finds anybody: all that listens
there is started anew, and so is the supervisor.
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
    """Return, and end this supervisor, when the sockets are gone. The next one makes the folder."""
    await asyncio.sleep(LOOK_S)  # until ours is there
    while paths.control_socket.exists():
        await asyncio.sleep(LOOK_S)
    journal.write("sockets-gone")
    marked = await asyncio.to_thread(processes.find_marked, paths.home)
    for role in (BALANCER_ROLE, DATABASE_ROLE):
        for it in processes.mains(marked, role):
            processes.send(it.process, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGTERM)
