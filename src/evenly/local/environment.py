"""A local environment as commands see it: bring it up, take it down, look at it, change its count.

Commands hold the environment's command lock while they change something; it ends with their process.
"""

import contextlib
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from evenly.core.fleet import Fleet, Instance, ProcessRef, ZoneFact
from evenly.core.parts import Part
from evenly.core.status import EnvironmentState, EnvironmentStatus, InstanceState, PartState, PartStatus
from evenly.core.topology import HTTP_PORT, HTTPS_PORT, Topology, local_topology
from evenly.errors import StateError, TargetError
from evenly.local import control, ports, processes, releases, state
from evenly.local.balancer import loopback_addresses
from evenly.local.control import AskStatus, NotRunningError, Report, Scale, SetZone
from evenly.local.paths import Paths
from evenly.local.reporting import environment_status
from evenly.local.settings import (
    Settings,
    find_data_folders,
    find_paths,
    make_folders,
    read_release,
    read_settings,
    write_settings,
)
from evenly.local.stopping import Stopped, stop_everything
from evenly.local.supervisor.companion import watchdog_command
from evenly.local.supervisor.record import Record, read_record
from evenly.manifest.types import Manifest

POLL_S = 0.02
SUPERVISOR_START_S = 20.0
SLACK_S = 60.0  # beyond the grace period: initialising the database on a slow disk
FAILED_LAUNCHES = 2
LOG_LINES = 12


@dataclass(frozen=True, slots=True)
class Up:
    """How `bring_up` ended. `was_running`: it found the environment up, and changed nothing.

    `manifest`: what the running release was made from. `moved_ports`: default ports that were taken.
    """

    status: EnvironmentStatus
    was_running: bool
    manifest: Manifest
    moved_ports: tuple[tuple[int, int, str], ...] = ()


def bring_up(project: Path, manifest: Manifest) -> Up:
    """Bring the environment of `project` up and wait until it is healthy, or find it up already.

    Raises StateError when it can't come up; then nothing is left running that was not before.
    """
    _check_platform()
    paths = find_paths(project)
    make_folders(paths)
    with _command_lock(paths):
        if paths.wanted.exists() and paths.settings.exists() and processes.find_marked(paths.home):
            return _found_up(paths)
        stop_everything(paths)  # what a killed command may have left
        make_folders(paths)
        return _fresh_start(paths, manifest)


def take_down(project: Path, *, delete_data: bool = False) -> Stopped:
    """Stop all of it; the data stays unless `delete_data`."""
    paths = find_paths(project)
    if not paths.home.is_dir():
        return Stopped({})
    with _command_lock(paths):
        stopped = stop_everything(paths)
        if delete_data:
            _delete_data(paths)
    return stopped


def look(project: Path) -> EnvironmentStatus:
    """The environment's status now, from its supervisor, or from its record when that doesn't answer.

    Raises StateError when there is no environment in `project`.
    """
    paths = find_paths(project)
    try:
        return control.ask(paths.control_socket, AskStatus()).status
    except NotRunningError:
        return _recorded_status(paths)


def scale(project: Path, count: int) -> EnvironmentStatus:
    """Hold `count` instances from now on. Raises UsageError for a count outside of the manifest's range."""
    return control.ask(find_paths(project).control_socket, Scale(count)).status


def set_zone(project: Path, name: str, available: bool) -> EnvironmentStatus:
    """Lose a zone, or let it return."""
    return control.ask(find_paths(project).control_socket, SetZone(name, available)).status


def running_manifest(project: Path) -> Manifest | None:
    """What the current release was made from; `None` where there never was one."""
    paths = find_paths(project)
    settings = read_settings(paths)
    return read_release(paths, settings.release).manifest if settings else None


def await_healthy(paths: Paths, within_s: float) -> Report:
    """Wait until the environment is healthy. Raises StateError as soon as it is clear that it won't be."""
    until = time.monotonic() + within_s
    heard_until = time.monotonic() + SUPERVISOR_START_S
    while True:
        with contextlib.suppress(NotRunningError):
            report = control.ask(paths.control_socket, AskStatus())
            heard_until = time.monotonic() + SUPERVISOR_START_S
            if report.status.state is EnvironmentState.HEALTHY:
                return report
            _raise_if_hopeless(paths, report)
            if time.monotonic() > until:
                raise _not_healthy(report)
        if time.monotonic() > heard_until:
            raise _no_supervisor(paths)
        time.sleep(POLL_S)


def _found_up(paths: Paths) -> Up:
    """It is up, or its supervisors were killed: see to it that it is held, and touch nothing else."""
    settings = _known_settings(paths)
    if not _is_watched(paths):
        processes.spawn(watchdog_command(paths, _supervisor(paths)))
    manifest = read_release(paths, settings.release).manifest
    report = await_healthy(paths, _patience(manifest))
    return Up(report.status, was_running=True, manifest=manifest)


def _fresh_start(paths: Paths, manifest: Manifest) -> Up:
    settings = _settings(paths, manifest)
    write_settings(paths, settings)
    paths.wanted.touch(mode=0o600)
    try:
        processes.spawn(watchdog_command(paths, None))
        report = await_healthy(paths, _patience(manifest))
    except BaseException:
        stop_everything(paths)
        raise
    return Up(report.status, was_running=False, manifest=manifest, moved_ports=_moved(manifest, settings))


def _settings(paths: Paths, manifest: Manifest) -> Settings:
    addresses = loopback_addresses()
    before = _settings_before(paths)
    http = manifest.http
    https_port = ports.choose(http.port, before.https_port if before else HTTPS_PORT, addresses)
    redirect = before.http_port if before else HTTP_PORT
    return Settings(
        name=manifest.name,
        release=releases.ensure(paths, manifest).number,
        https_port=https_port,
        http_port=ports.choose(http.redirect_port, redirect, addresses, avoid=(https_port,)),
        runtime_root=str(paths.runtime.parent),
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


def _supervisor(paths: Paths) -> ProcessRef | None:
    found = processes.mains(processes.find_marked(paths.home), "supervisor")
    return found[0].process if found else None


def _raise_if_hopeless(paths: Paths, report: Report) -> None:
    if report.problem:
        raise StateError(report.problem, where=report.problem_where, try_=report.problem_try)
    serving = any(it.state is InstanceState.HEALTHY for zone in report.status.zones for it in zone.instances)
    if report.failed and report.failures >= FAILED_LAUNCHES * (1 + serving):
        raise _app_failed(paths, report.failed.id, report.failed.why)


def _app_failed(paths: Paths, id: str, why: str) -> StateError:
    log = paths.instance_logs / f"{id}.log"
    last = tail(log, LOG_LINES)
    said = "\n".join(f"    {line}" for line in last) if last else "    (it wrote nothing)"
    return StateError(
        f"the app did not start: instance {id} {why}. Its last log lines:\n{said}",
        where="app",
        try_="Mend the app or the app section of evenly.yaml, then run `evenly up` again.",
    )


def _not_healthy(report: Report) -> StateError:
    return StateError(
        f"the environment is still {report.status.state}: {report.status.problem or 'it takes too long'}",
        try_="Run `evenly logs supervisor` to see what happened.",
    )


def _no_supervisor(paths: Paths) -> StateError:
    log = paths.logs / "supervisor.log"
    said = "\n".join(f"    {line}" for line in tail(log, LOG_LINES))
    return StateError(
        f"the supervisor does not answer. Its last log lines:\n{said}",
        where=str(log),
        try_="Run `evenly down`, then `evenly up`.",
    )


def tail(log: Path, lines: int) -> list[str]:
    """The last lines of a log; none when there is no such file."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 64 * 1024))
            return file.read().decode(errors="replace").splitlines()[-lines:]
    except FileNotFoundError:
        return []


def _recorded_status(paths: Paths) -> EnvironmentStatus:
    settings = _known_settings(paths)
    topology = local_topology(read_release(paths, settings.release).manifest)
    record = read_record(paths) or Record(fleet=Fleet(0, settings.release, ()))
    fleet = _alive_only(record.fleet)
    supervisor = _supervisor(paths)
    return environment_status(
        paths,
        settings,
        topology,
        fleet if fleet.zones else _empty_fleet(settings, topology),
        balancer=_part(record.balancer),
        database=_part(record.database) if topology.database else None,
        supervisor=_unanswering(supervisor),
        problem=None if paths.wanted.exists() else "it was taken down",
    )


def _unanswering(supervisor: ProcessRef | None) -> PartStatus:
    return PartStatus(PartState.STARTING, supervisor.pid) if supervisor else PartStatus(PartState.DOWN, None)


def _empty_fleet(settings: Settings, topology: Topology) -> Fleet:
    zones = tuple(ZoneFact(zone.name) for zone in topology.zones)
    return Fleet(desired=0, release=settings.release, zones=zones)


def _alive_only(fleet: Fleet) -> Fleet:
    alive: tuple[Instance, ...] = tuple(
        it for it in fleet.instances if it.process and processes.is_alive(it.process)
    )
    return replace(fleet, instances=alive)


def _part(process: ProcessRef | None) -> Part:
    alive = process is not None and processes.is_alive(process)
    return Part(process=process if alive else None, ready=alive)


def _known_settings(paths: Paths) -> Settings:
    settings = read_settings(paths)
    if settings is None:
        raise StateError("there is no environment here", where=str(paths.project), try_="Run `evenly up`.")
    return settings


def _delete_data(paths: Paths) -> None:
    for outside in {folder.parent.parent for folder in find_data_folders(paths)} - {paths.home}:
        shutil.rmtree(outside)
    shutil.rmtree(paths.home)


@contextlib.contextmanager
def _command_lock(paths: Paths) -> Iterator[None]:
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
