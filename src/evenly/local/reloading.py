"""Reloads while an app is developed: what was saved takes over as a deploy does, at once, and its failure is told with
the app's own words. The way is that of `evenly deploy`; its gate and its bake are left out.
"""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from evenly.core.deploying import Deploy, Phase, has_traffic
from evenly.errors import StateError
from evenly.local import control, releases
from evenly.local.control import AskStatus, NotRunningError
from evenly.local.deploybook import read_book
from evenly.local.deploys import Begun, begin
from evenly.local.environment import instruct, is_up, see_held
from evenly.local.paths import Paths
from evenly.local.recorded import known_settings
from evenly.local.settings import find_paths, read_release
from evenly.local.waiting import LOG_LINES, tail
from evenly.manifest.dump import Difference, differences
from evenly.manifest.types import Manifest

POLL_S = 0.02
SLOW_S = 3.0  # then it is said, and whatever is saved begins anew


class Served(Struct, frozen=True):
    """The new code answers. `changed`: in the manifest."""

    release: int
    after_s: float
    changed: tuple[Difference, ...]


class Refused(Struct, frozen=True):
    """It does not serve, and release `before` does. `words`: the last lines that the app wrote. `is_over`: it was
    given up; else it is still tried."""

    release: int
    before: int
    why: str
    words: tuple[str, ...]
    is_over: bool


def reload(
    project: Path,
    manifest: Manifest,
    *,
    hurried: Callable[[], bool],
    slow: Callable[[Refused], None],
    stopped: Callable[[], bool],
) -> Served | Refused | None:
    """Let what `project` holds now be served; `None`: it is. `hurried`: whether something newer waits, for which one
    that is slow is given up; `slow` hears that it is. `stopped`: nobody waits for it any more.

    Raises UsageError and StateError as `deploys.begin` does.
    """
    paths = find_paths(project)
    _await_free(paths, stopped)
    changed = differences(read_release(paths, known_settings(paths).release).manifest, manifest)
    began = time.monotonic()
    begun = begin(project, manifest, reloads=True)
    if begun is None:
        return None
    return _Course(paths, begun, began, changed).followed(hurried, slow)


class _Course:
    """One reload, from its beginning until it serves or is given up."""

    def __init__(self, paths: Paths, begun: Begun, began: float, changed: tuple[Difference, ...]) -> None:
        self._paths = paths
        self._begun = begun
        self._began = began
        self._changed = changed
        self._is_told = False
        self._is_stopped = False

    def followed(self, hurried: Callable[[], bool], slow: Callable[[Refused], None]) -> Served | Refused:
        while (outcome := self._outcome()) is None:
            if self._after_s() > SLOW_S:
                self._be_slow(hurried, slow)
            time.sleep(POLL_S)
        return outcome

    def _outcome(self) -> Served | Refused | None:
        book = read_book(self._paths)
        ending = book.endings.get(self._begun.release)
        if (book.current and _serves(book.current)) or (ending and ending.outcome == "done"):
            return Served(self._begun.release, self._after_s(), self._changed)
        if book.current is None and ending is not None:
            return self._refused(ending.why or "It was cut off.", ending.failed, is_over=True)
        if not self._paths.wanted.exists():
            return self._refused("The environment was taken down.", None, is_over=True)
        return None

    def _be_slow(self, hurried: Callable[[], bool], slow: Callable[[Refused], None]) -> None:
        if not self._is_told:
            self._is_told = True
            slow(self._refused("It does not serve yet.", self._newest_instance(), is_over=False))
        if not self._is_stopped and hurried():
            with contextlib.suppress(StateError):  # it has just ended
                instruct(self._paths, control.StopDeploy(releases.user()))
            self._is_stopped = True

    def _newest_instance(self) -> str | None:
        with contextlib.suppress(NotRunningError):
            zones = control.ask(self._paths.control_socket, AskStatus()).status.zones
            own = [it for zone in zones for it in zone.instances if it.release == self._begun.release]
            return max(own, key=lambda it: it.started_at).id if own else None
        return None

    def _refused(self, why: str, instance: str | None, *, is_over: bool) -> Refused:
        words = tuple(tail(self._paths.instance_logs / f"{instance}.log", LOG_LINES)) if instance else ()
        return Refused(self._begun.release, self._begun.before, why, words, is_over)

    def _after_s(self) -> float:
        return time.monotonic() - self._began


def _serves(deploy: Deploy) -> bool:
    return has_traffic(deploy) or deploy.phase is Phase.DONE


def _await_free(paths: Paths, stopped: Callable[[], bool]) -> None:
    """Wait until no deploy is under way and a supervisor answers: after each takeover another one begins."""
    while not stopped():
        try:
            if read_book(paths).current is None and control.ask(paths.control_socket, AskStatus()):
                return
        except NotRunningError:
            if not is_up(paths):
                return
            see_held(paths)
        time.sleep(POLL_S)
