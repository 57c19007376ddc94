"""The live view of `evenly up`: looks at the environment a few times a second and redraws, until Ctrl-C.

It only looks. A supervisor that is gone for a moment, or a balancer that does not answer, is shown, not fatal.
"""

import contextlib
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from msgspec.structs import replace
from rich.console import Console
from rich.live import Live

from evenly.cli.drawing import Note, Scene, draw
from evenly.core.status import EnvironmentStatus, PartState, PartStatus
from evenly.core.traffic import Rates, Reading, Window
from evenly.errors import EvenlyError
from evenly.local import control
from evenly.local.balancer.admin import AdminClient, AdminError
from evenly.local.control import AskStatus, NotRunningError
from evenly.local.environment import look
from evenly.local.journal import last_sentences
from evenly.local.paths import Paths
from evenly.local.settings import find_paths

REFRESH_S = 0.4
WINDOW_S = 5.0  # what rates are taken over: the balancer's own counts are a second old
PATIENCE_S = 0.5
EVENTS = 50


def watch(project: Path, name: str, *, stops: bool, notes: Callable[[], Sequence[Note]] = tuple) -> None:
    """Show the environment of `project` until Ctrl-C, SIGTERM or the terminal's end. `stops`: whether that will
    stop it, which is said on the screen. `notes`: what else is to be shown."""
    paths = find_paths(project)
    viewer = Viewer(paths, name, stops, notes)
    console = Console()
    with (
        ends_as_interrupt(),
        contextlib.suppress(KeyboardInterrupt),
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):
        while True:
            live.update(draw(viewer.look(), console.size.width, console.size.height), refresh=True)
            time.sleep(REFRESH_S)


class Viewer:
    """What the view remembers between two looks: the last status, and the readings of the last seconds."""

    def __init__(self, paths: Paths, name: str, stops: bool, notes: Callable[[], Sequence[Note]]) -> None:
        self._paths = paths
        self._name = name
        self._stops = stops
        self._notes = notes
        self._admin = AdminClient(paths.admin_socket, PATIENCE_S)
        self._window = Window(WINDOW_S)
        self._status: EnvironmentStatus | None = None

    def look(self) -> Scene:
        """The environment as it is now."""
        self._status = self._looked()
        return Scene(
            name=self._name,
            status=self._status,
            rates=self._rates(),
            events=last_sentences(self._paths.journal, EVENTS),
            now=datetime.now(UTC),
            stops=self._stops,
            notes=self._notes(),
        )

    def _looked(self) -> EnvironmentStatus | None:
        try:
            return control.ask(self._paths.control_socket, AskStatus(), PATIENCE_S).status
        except NotRunningError as error:
            hangs = isinstance(error.__cause__, TimeoutError)
        except EvenlyError:
            hangs = True
        if hangs and self._status:  # asking its record would mean asking it once more
            return replace(self._status, supervisor=PartStatus(PartState.DOWN, self._status.supervisor.pid))
        try:
            return look(self._paths.project)
        except EvenlyError:
            return None

    def _rates(self) -> Rates | None:
        """`None` without two readings to compare."""
        try:
            return self._window.add(Reading(time.monotonic(), self._admin.traffic()))
        except AdminError:
            self._window.clear()
            return None


@contextlib.contextmanager
def ends_as_interrupt() -> Iterator[None]:
    """Inside of the block SIGTERM and the terminal's end act as Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
