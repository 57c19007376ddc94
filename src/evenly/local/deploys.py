"""Deploys as commands see them: begin one, return to a release, wait for the end, list what there is."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct

from evenly.errors import StateError, UsageError
from evenly.local import control, releases
from evenly.local.deploybook import Book, Ending, last_good, read_book, under_way
from evenly.local.environment import command_lock, instruct, is_up, see_held
from evenly.local.paths import Paths
from evenly.local.recorded import known_settings, running_supervisor
from evenly.local.settings import Release, find_paths, read_release
from evenly.manifest.dump import Difference, differences
from evenly.manifest.types import Manifest

POLL_S = 0.05
SILENT_S = 20.0

State = Literal["runs", "is being deployed", "good", "rolled back", "cut off", "never ran"]

VERSION = "database.version"

# What cannot be two ways at once while both releases run, or is read only at a start.
FIXED = (
    "name",
    "zones",
    "app.protocol",
    "http.port",
    "http.redirect_port",
    "http.healthcheck.path",
    "database.engine",
    VERSION,
    "database.url_from",
    "database.multi_zone",
)


class Begun(Struct, frozen=True):
    """A deploy that is under way: of `release`, in place of `before`."""

    release: int
    before: int


class Listed(Struct, frozen=True):
    """One release. `why`: how its last deploy ended, where that was badly."""

    number: int
    created_at: str
    created_by: str
    digest: str
    state: State
    why: str | None = None


def begin(project: Path, manifest: Manifest, *, reloads: bool = False) -> Begun | None:
    """Make a release of what `project` holds now and begin its deploy; `None`: it runs already. `reloads`: at once,
    without the gate and without watching it.

    Raises UsageError for a release that can't be made, or that no deploy can bring; StateError when the environment is
    not up, or another deploy is under way.
    """
    paths = _held(project)
    with command_lock(paths):
        running = known_settings(paths).release
        refuse_if_fixed(read_release(paths, running).manifest, manifest)
        _refuse_if_under_way(paths)
        release = releases.ensure(paths, manifest, running)
        if release.number == running:
            return None
        instruct(paths, control.Deploy(release.number, releases.user(), reloads=reloads))
    return Begun(release.number, running)


def begin_return(project: Path, number: int | None) -> Begun:
    """Begin to return to release `number`, or to the last good one. Raises StateError when there is no such release,
    and UsageError for one that was never good."""
    paths = _held(project)
    with command_lock(paths):
        running = known_settings(paths).release
        _refuse_if_under_way(paths)
        wanted = _release_to_return_to(paths, running, number)
        refuse_if_fixed(read_release(paths, running).manifest, wanted.manifest)
        instruct(paths, control.Deploy(wanted.number, releases.user(), returns=True))
    return Begun(wanted.number, running)


def stop(project: Path) -> Begun | None:
    """Have the deploy that is under way undone; `None`: there is none."""
    paths = _held(project)
    deploy = read_book(paths).current
    if deploy is None:
        return None
    instruct(paths, control.StopDeploy(releases.user()))
    return Begun(deploy.release, deploy.before)


def await_end(project: Path, begun: Begun) -> Ending:
    """Wait until the deploy is over. Raises StateError when nobody is there any more to end it."""
    paths = find_paths(project)
    heard = time.monotonic()
    while True:
        book = read_book(paths)
        ending = book.endings.get(begun.release)
        if book.current is None and ending is not None:
            return ending
        if running_supervisor(paths):
            heard = time.monotonic()
        if time.monotonic() - heard > SILENT_S or not paths.wanted.exists():
            raise StateError(
                f"the deploy of release {begun.release} was cut off: the environment is not held any more",
                try_="Run `evenly up`: it goes on with it.",
            )
        time.sleep(POLL_S)


def listed(project: Path) -> tuple[Listed, ...]:
    """The releases there are, newest first."""
    paths = find_paths(project)
    running, book = known_settings(paths).release, read_book(paths)
    found = (releases.find(paths, number) for number in reversed(releases.numbers(paths)))
    return tuple(_listed(it, book, running) for it in found if it)


def refuse_if_fixed(runs: Manifest, wanted: Manifest) -> None:
    """Raises UsageError where the manifests differ in what no deploy can change."""
    changed = differences(runs, wanted)
    if runs.database and wanted.database is None:
        raise UsageError(
            "this manifest has no database, and the one that runs has: a deploy never drops one",
            where="database",
            try_="Leave the section in, or run evenly down, then evenly up: the data stays where it is.",
        )
    if runs.database and wanted.database and runs.database.url_from != wanted.database.url_from:
        raise UsageError(
            "this manifest names another database than the one that runs: a deploy never puts one in another's place",
            where="database.url_from",
            try_="Take the data along, then run evenly down and evenly up: what there is stays where it is.",
        )
    fixed = next((it for it in changed if is_fixed(it)), None)
    if fixed:
        raise UsageError(
            f"changes from {fixed.old or 'not set'} to {fixed.new or 'not set'}, and a deploy can't change that",
            where=fixed.path,
            try_="Run evenly database upgrade."
            if fixed.path == VERSION
            else "Run evenly down, then evenly up: requests fail meanwhile.",
        )


def is_fixed(changed: Difference) -> bool:
    """Whether no deploy can change that."""
    return changed.path in FIXED or changed.path == "database"


def commands_for(changed: Sequence[Difference]) -> tuple[str, ...]:
    """What brings these differences."""
    if any(it.path == VERSION for it in changed):
        return ("evenly database upgrade",)
    return ("evenly down", "evenly up") if any(is_fixed(it) for it in changed) else ("evenly deploy",)


def _held(project: Path) -> Paths:
    paths = find_paths(project)
    if not is_up(paths):
        raise StateError("the environment is not running", where=str(project), try_="Run `evenly up`.")
    see_held(paths)
    return paths


def _refuse_if_under_way(paths: Paths) -> None:
    deploy = read_book(paths).current
    if deploy:
        raise under_way(deploy)


def _release_to_return_to(paths: Paths, running: int, number: int | None) -> Release:
    book = read_book(paths)
    wanted = last_good(book, running) if number is None else number
    if wanted is None:
        raise StateError("there is no release before this one", try_="See the releases: evenly releases")
    if wanted == running:
        raise StateError(f"release {wanted} is the one that runs", try_="See the releases: evenly releases")
    if wanted not in releases.numbers(paths):
        raise StateError(f"there is no release {wanted}", try_="See the releases: evenly releases")
    if wanted not in book.good:
        raise StateError(
            f"release {wanted} never took over, so nothing can be returned to",
            try_="Deploy what the project holds: evenly deploy",
        )
    return read_release(paths, wanted)


def _listed(release: Release, book: Book, running: int) -> Listed:
    ending = book.endings.get(release.number)
    return Listed(
        number=release.number,
        created_at=release.created_at,
        created_by=release.created_by,
        digest=release.digest,
        state=_state(release.number, book, running),
        why=ending.why if ending else None,
    )


def _state(number: int, book: Book, running: int) -> State:
    if book.current and book.current.release == number:
        return "is being deployed"
    if number == running:
        return "runs"
    if number in book.good:
        return "good"
    ending = book.endings.get(number)
    return "never ran" if ending is None else "rolled back" if ending.outcome == "undone" else "cut off"
