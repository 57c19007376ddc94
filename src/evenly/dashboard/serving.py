"""The one module that knows the dashboard's server: granian's embedded one, in this process's own event loop."""

import asyncio
import logging
import signal
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from evenly.dashboard.app import Dashboard
from evenly.errors import StateError

HOST = "127.0.0.1"
END_S = 3.0


async def serve_until_signal(dashboard: Dashboard, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await serve(dashboard, port, stopping)


async def serve(dashboard: Dashboard, port: int, stopping: asyncio.Event) -> None:
    """Serve until `stopping`. Raises StateError when it can't."""
    server: Any = Server(
        dashboard.application,
        address=HOST,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        log_level=LogLevels.error,
    )
    logging.getLogger("_granian").handlers = [logging.StreamHandler()]
    serving = asyncio.create_task(server.serve())
    waiting = asyncio.create_task(stopping.wait())
    await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
    await dashboard.close()
    server.stop()
    await asyncio.wait((serving,), timeout=END_S)
    if not serving.done():
        return  # a viewer does not read, and is waited for no longer
    try:
        serving.result()
    except (RuntimeError, OSError) as error:
        why = str(error).partition("\n")[0]
        raise StateError(f"it can't be served on {HOST} port {port}: {why}", try_="evenly open") from None
