"""An environment's status from its record and the process table, for when its supervisor does not answer."""

import time

from msgspec.structs import replace

from evenly.core.fleet import Fleet, ProcessRef, ZoneFact
from evenly.core.jobs import new_job
from evenly.core.parts import Part
from evenly.core.status import DatabaseMember, EnvironmentStatus, JobStatus, PartState, PartStatus, Role
from evenly.core.topology import Topology, local_topology
from evenly.errors import StateError
from evenly.local import processes
from evenly.local.jobs.book import read_jobs
from evenly.local.jobs.telling import job_statuses
from evenly.local.paths import Paths
from evenly.local.reporting import environment_status, part_status
from evenly.local.settings import Settings, read_release, read_settings
from evenly.local.supervisor.record import Record, read_record


def recorded_status(paths: Paths) -> EnvironmentStatus:
    settings = known_settings(paths)
    topology = local_topology(read_release(paths, settings.release).manifest)
    record = read_record(paths) or Record(fleet=Fleet(0, settings.release, ()))
    fleet = _alive_only(record.fleet)
    supervisor = running_supervisor(paths)
    return environment_status(
        paths,
        settings,
        topology,
        fleet if fleet.zones else _empty_fleet(settings, topology),
        balancer=_part(record.balancer),
        database=_part(record.database) if topology.database and not topology.database.url_from else None,
        supervisor=_unanswering(supervisor),
        problem=None if paths.wanted.exists() else "it was taken down",
        workers={name: _alive_only(it) for name, it in record.workers.items()},
        jobs=recorded_jobs(paths, topology),
        database_members=_members(record),
    )


def recorded_jobs(paths: Paths, topology: Topology) -> tuple[JobStatus, ...]:
    """What the jobs' file says of the jobs of `topology`."""
    wall = time.time()
    known = read_jobs(paths)
    states = {name: known.get(name) or new_job(job.schedule, wall) for name, job in topology.jobs}
    return job_statuses(states, wall)


def _members(record: Record) -> tuple[DatabaseMember, ...]:
    """As they were when the supervisor last wrote them down, where they run still."""
    processes_of = {Role.PRIMARY: record.database, Role.STANDBY: record.standby}
    now = [(it, part_status(_part(processes_of[it.role]))) for it in record.members]
    return tuple(replace(it, state=part.state, pid=part.pid) for it, part in now)


def _unanswering(supervisor: ProcessRef | None) -> PartStatus:
    return PartStatus(PartState.STARTING, supervisor.pid) if supervisor else PartStatus(PartState.DOWN, None)


def _empty_fleet(settings: Settings, topology: Topology) -> Fleet:
    zones = tuple(ZoneFact(zone.name) for zone in topology.zones)
    return Fleet(desired=0, release=settings.release, zones=zones)


def _alive_only(fleet: Fleet) -> Fleet:
    alive = tuple(it for it in fleet.instances if it.process and processes.is_alive(it.process))
    return replace(fleet, instances=alive)


def _part(process: ProcessRef | None) -> Part:
    alive = process is not None and processes.is_alive(process)
    return Part(process=process if alive else None, ready=alive)


def running_supervisor(paths: Paths) -> ProcessRef | None:
    found = processes.mains(processes.find_marked(paths.home), "supervisor")
    return found[0].process if found else None


def known_settings(paths: Paths) -> Settings:
    settings = read_settings(paths)
    if settings is None:
        raise StateError("there is no environment here", where=str(paths.project), try_="Run `evenly up`.")
    return settings
