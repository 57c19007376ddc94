"""A local environment as commands see it: bring it up, take it down, look at it, change its count.

Commands hold the environment's command lock while they change something; it ends with their process.
"""

import contextlib
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from evenly.core.status import EnvironmentStatus, PastRun
from evenly.core.topology import HTTP_PORT, HTTPS_PORT, local_topology
from evenly.errors import StateError, TargetError
from evenly.local import control, ports, processes, releases, state
from evenly.local.balancer import loopback_addresses
from evenly.local.control import AskStatus, NotRunningError, RunJob, Scale, SetZone
from evenly.local.deploybook import came_up, ended, read_book, write_book
from evenly.local.faults import restore
from evenly.local.jobs.book import read_jobs
from evenly.local.jobs.telling import past_runs
from evenly.local.paths import Paths
from evenly.local.recorded import known_settings, recorded_status, running_supervisor
from evenly.local.renewing import renew
from evenly.local.settings import (
    Settings,
    find_data_home,
    find_paths,
    make_folders,
    read_release,
    read_settings,
    timestamp_now,
    write_settings,
)
from evenly.local.stopping import Stopped, stop_dashboard, stop_everything
from evenly.local.supervisor.companion import watchdog_command
from evenly.local.versions import settle_version
from evenly.local.waiting import POLL_S, SUPERVISOR_START_S, await_healthy
from evenly.manifest.types import Manifest

SLACK_S = 60.0  # beyond the grace period: initialising the database on a slow disk


class Up(Struct, frozen=True):
    """How `bring_up` ended. `was_running`: it found the environment up, and changed nothing.

    `manifest`: what the running release was made from. `moved_ports`: default ports that were taken. `cut_off`: the
    release whose deploy the environment's end had broken off. `of_another`: its state was written by another version of
    Evenly, or one that runs is. `renewed`: the balancer that was found had been started with something else than it
    would be now, and was renewed without a break.
    """

    status: EnvironmentStatus
    was_running: bool
    manifest: Manifest
    moved_ports: tuple[tuple[int, int, str], ...] = ()
    cut_off: int | None = None
    of_another: bool = False
    renewed: bool = False


def bring_up(project: Path, manifest: Manifest, listen: tuple[str, ...] = ()) -> Up:
    """Bring the environment of `project` up and wait until it is healthy, or find it up already. `listen`: addresses
    of this machine, beyond loopback, that it listens on as well; nothing of that is kept for the next time.

    Raises StateError when it can't come up; then nothing is left running that was not before.
    """
    _check_platform()
    paths = find_paths(project)
    make_folders(paths)
    with command_lock(paths):
        if is_up(paths):
            return _found_up(paths)
        stop_everything(paths)  # what a killed command may have left
        settle_version(paths, manifest)
        make_folders(paths)
        return _fresh_start(paths, manifest, listen)


def is_up(paths: Paths) -> bool:
    """Whether it is meant to be up, and something of it runs."""
    return paths.wanted.exists() and paths.settings.exists() and bool(processes.find_marked(paths.home))


def see_held(paths: Paths) -> None:
    """See to it that a supervisor holds the environment, which then goes on with what was under way."""
    if not _is_watched(paths):
        processes.spawn(watchdog_command(paths, running_supervisor(paths)))


def take_down(project: Path, *, delete_data: bool = False) -> Stopped:
    """Stop all of it; the data stays unless `delete_data`."""
    paths = find_paths(project)
    if not paths.home.is_dir():
        return Stopped({})
    with command_lock(paths):
        dashboards = stop_dashboard(paths)
        restore(paths)  # what hangs can't end by itself
        stopped = stop_everything(paths)
        if delete_data:
            _delete_data(paths)
    return Stopped({**stopped.by_role, **({"dashboard": dashboards} if dashboards else {})})


def look(project: Path, patience_s: float = control.TIMEOUT_S) -> EnvironmentStatus:
    """The environment's status now, from its supervisor, or from its record when that doesn't answer within
    `patience_s`.

    Raises StateError when there is no environment in `project`.
    """
    paths = find_paths(project)
    try:
        return control.ask(paths.control_socket, AskStatus(), patience_s).status
    except NotRunningError:
        return recorded_status(paths)


def instruct(paths: Paths, request: control.Request) -> control.Report:
    """Have the supervisor do something. Where one has just ended, as it does when a deploy is over, the next one is
    waited for. Raises NotRunningError, or the supervisor's refusal."""
    until = time.monotonic() + SUPERVISOR_START_S
    while True:
        try:
            return control.ask(paths.control_socket, request)
        except NotRunningError as error:
            if error.may_have_heard or not _is_watched(paths) or time.monotonic() > until:
                raise
        time.sleep(POLL_S)


def scale(project: Path, count: int) -> EnvironmentStatus:
    """Hold `count` instances from now on. Raises UsageError for a count outside of the manifest's range."""
    paths = find_paths(project)
    restore(paths)
    return instruct(paths, Scale(count)).status


def set_zone(project: Path, name: str, available: bool) -> EnvironmentStatus:
    """Lose a zone, or let it return."""
    return instruct(find_paths(project), SetZone(name, available)).status


def run_job(project: Path, name: str) -> str:
    """Run a job now; the id of the run. Raises StateError when it runs already, or can't."""
    status = instruct(find_paths(project), RunJob(name)).status
    return next(it.running.id for it in status.jobs if it.name == name and it.running)


def job_history(project: Path, name: str) -> tuple[PastRun, ...]:
    """What became of the last runs of a job, oldest first. Raises StateError when there is no such job."""
    paths = find_paths(project)
    topology = local_topology(read_release(paths, known_settings(paths).release).manifest)
    if name not in dict(topology.jobs):
        raise StateError(f"there is no job {name}", try_="See which there are: evenly jobs")
    state_of = read_jobs(paths).get(name)
    return past_runs(state_of) if state_of else ()


def running_manifest(project: Path) -> Manifest | None:
    """What the current release was made from; `None` where there never was one."""
    paths = find_paths(project)
    settings = read_settings(paths)
    return read_release(paths, settings.release).manifest if settings else None


def _found_up(paths: Paths) -> Up:
    """It is up, or its supervisors were killed: see to it that it is held, put right what a drill that is gone left
    broken, and touch nothing else."""
    see_held(paths)
    restore(paths)
    settings = known_settings(paths)
    release = read_release(paths, settings.release)
    patience = _patience(release.manifest)
    await_healthy(paths, patience)
    of_another = state.is_of_another(paths.settings)
    renewed = renew(paths, settings, release)
    report = await_healthy(paths, patience)
    return Up(
        report.status, was_running=True, manifest=release.manifest, of_another=of_another, renewed=renewed
    )


def _fresh_start(paths: Paths, manifest: Manifest, listen: tuple[str, ...]) -> Up:
    of_another = state.is_of_another(paths.settings)
    try:
        before = _settings_before(paths)
        settings = _settings(paths, manifest, listen, before)
        write_settings(paths, settings)
        cut_off = _note_release(paths, settings.release, before)
        paths.wanted.touch(mode=0o600)
        processes.spawn(watchdog_command(paths, None))
        report = await_healthy(paths, _patience(manifest))
    except BaseException:
        stop_everything(paths)
        raise
    moved = _moved(manifest, settings)
    return Up(
        report.status,
        was_running=False,
        manifest=manifest,
        moved_ports=moved,
        cut_off=cut_off,
        of_another=of_another,
    )


def _note_release(paths: Paths, release: int, before: Settings | None) -> int | None:
    """What is brought up takes over without a deploy; one that was under way is over. Returns the release of that."""
    book = read_book(paths)
    cut_off = book.current.release if book.current else None
    if book.current:
        book = ended(book, book.current, timestamp_now())
    write_book(paths, came_up(book, release, before.release if before else None))
    return cut_off


def _settings(paths: Paths, manifest: Manifest, listen: tuple[str, ...], before: Settings | None) -> Settings:
    addresses = (*loopback_addresses(), *listen)
    http = manifest.http
    https_port = ports.choose(http.port, before.https_port if before else HTTPS_PORT, addresses)
    redirect = before.http_port if before else HTTP_PORT
    return Settings(
        name=manifest.name,
        release=releases.ensure(paths, manifest).number,
        https_port=https_port,
        http_port=ports.choose(http.redirect_port, redirect, addresses, avoid=(https_port,)),
        runtime_root=str(paths.runtime.parent),
        listen=listen,
    )


def _settings_before(paths: Paths) -> Settings | None:
    """Where it listened the last time. A damaged file is kept aside, and the ports are chosen anew."""
    try:
        return read_settings(paths)
    except state.DamagedError:
        return None


def _moved(manifest: Manifest, settings: Settings) -> tuple[tuple[int, int, str], ...]:
    wanted = (
        (manifest.http.port, HTTPS_PORT, settings.https_port),
        (manifest.http.redirect_port, HTTP_PORT, settings.http_port),
    )
    return tuple(
        (default, chosen, ports.holder(default))
        for said, default, chosen in wanted
        if said is None and chosen != default
    )


def _patience(manifest: Manifest) -> float:
    return 2 * local_topology(manifest).health.grace_period + SLACK_S


def _is_watched(paths: Paths) -> bool:
    return bool(processes.mains(processes.find_marked(paths.home), "watchdog"))


def _delete_data(paths: Paths) -> None:
    outside = find_data_home(paths)
    if outside != paths.home and outside.is_dir():
        shutil.rmtree(outside)
    shutil.rmtree(paths.home)


@contextlib.contextmanager
def command_lock(paths: Paths) -> Iterator[None]:
    refusal = StateError(
        "another evenly command is changing this environment",
        where=str(paths.project),
        try_="Wait for it to end, then try again.",
    )
    with state.lock(paths.command_lock, refusal):
        yield


def _check_platform() -> None:
    if sys.platform == "win32":
        raise TargetError(
            "Evenly's local target does not run on Windows",
            try_="Use the Windows Subsystem for Linux (WSL 2).",
        )
