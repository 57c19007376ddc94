"""`python -m evenly.dashboard HOME`: the dashboard's process. Started by `evenly open`; the port and the token are in a
file that is the user's alone."""

import asyncio
import logging
import os
import sys
from pathlib import Path

from evenly.dashboard.app import make_dashboard
from evenly.dashboard.course import Order
from evenly.dashboard.drills import Program
from evenly.dashboard.guard import Door
from evenly.dashboard.serving import serve_until_signal
from evenly.errors import EvenlyError, StateError
from evenly.local.dashboards import Place, drill_environment, own_place
from evenly.local.settings import find_paths
from evenly.local.target import LocalTarget
from evenly.verify.keeping import reports_folder

PATIENCE_S = 0.5  # what is right within a second can't wait longer for one answer


def main(home: str) -> int:
    """0 after SIGTERM. 3: there is no environment, or nobody asked for a dashboard."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    project = Path(home).parent.parent
    try:
        place = own_place(find_paths(project))
        if place is None:
            raise StateError("nobody asked for a dashboard here", where=home, try_="evenly open")
        asyncio.run(_serve(project, place))
    except EvenlyError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    return 0


async def _serve(project: Path, place: Place) -> None:
    target = LocalTarget(project, PATIENCE_S)
    program = Program(_command, drill_environment(find_paths(project), os.environ), project)
    door = Door(place.port, place.token)
    await serve_until_signal(make_dashboard(target, door, program, reports_folder(project)), place.port)


def _command(order: Order) -> tuple[str, ...]:
    words = ("drill", str(order.kind), "--rate", f"{order.rate:g}", "--end-with-stdin", "--json")
    return (sys.executable, "-m", "evenly", *words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
