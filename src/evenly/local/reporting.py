"""An environment's status from its facts: the same whether the supervisor tells it or its record is read."""

from collections.abc import Mapping

from evenly.core.fleet import Fleet, Instance
from evenly.core.parts import Part
from evenly.core.planning import zone_counts
from evenly.core.status import (
    DatabaseMember,
    EnvironmentStatus,
    InstanceStatus,
    JobStatus,
    PartState,
    PartStatus,
    ScalingStatus,
    Urls,
    WorkerProcessStatus,
    WorkerStatus,
    ZoneStatus,
)
from evenly.core.summary import environment_state
from evenly.core.topology import Topology
from evenly.local.certificates import CertificateFiles
from evenly.local.listening import is_beyond_loopback, listen_hosts, present
from evenly.local.paths import Paths
from evenly.local.settings import Settings

TARGET = "local"


def environment_status(
    paths: Paths,
    settings: Settings,
    topology: Topology,
    fleet: Fleet,
    *,
    balancer: Part,
    database: Part | None,
    supervisor: PartStatus,
    problem: str | None,
    workers: Mapping[str, Fleet],
    jobs: tuple[JobStatus, ...],
    notices: tuple[str, ...] = (),
    scaling: ScalingStatus | None = None,
    database_members: tuple[DatabaseMember, ...] = (),
) -> EnvironmentStatus:
    """`database`: `None` where none is ours to run. `problem`: one sentence, if there is one."""
    return EnvironmentStatus(
        environment=topology.environment,
        target=TARGET,
        state=environment_state(
            fleet,
            workers.values(),
            balancer_ready=balancer.ready,
            database_ready=database is None or database.ready,
        ),
        urls=urls(settings),
        ca_certificate=str(CertificateFiles(paths.certificates).ca),
        release=settings.release,
        desired=fleet.desired,
        zones=tuple(
            ZoneStatus(
                zone.name,
                zone.available,
                tuple(_instance(it) for it in fleet.instances if it.zone == zone.name),
            )
            for zone in fleet.zones
        ),
        balancer=part_status(balancer),
        database=_database_status(topology, database),
        supervisor=supervisor,
        problem=problem,
        workers=tuple(worker_status(name, it) for name, it in sorted(workers.items())),
        jobs=jobs,
        notices=notices,
        reachable=reachable(settings),
        scaling=scaling,
        database_members=database_members,
    )


def urls(settings: Settings) -> Urls:
    return Urls(
        https=f"https://localhost:{settings.https_port}/", http=f"http://localhost:{settings.http_port}/"
    )


def reachable(settings: Settings) -> tuple[str, ...]:
    """The URLs by which others than this machine reach it."""
    addresses = tuple(it for it in present(settings.listen) if is_beyond_loopback(it))
    hosts = (*addresses, *listen_hosts(addresses))
    return tuple(f"https://{f'[{it}]' if ':' in it else it}:{settings.https_port}/" for it in hosts)


def _database_status(topology: Topology, database: Part | None) -> PartStatus | None:
    if topology.database and topology.database.url_from:
        return PartStatus(PartState.ELSEWHERE, None)
    return part_status(database) if database else None


def part_status(part: Part) -> PartStatus:
    if part.process is None:
        return PartStatus(PartState.DOWN, None)
    return PartStatus(PartState.RUNNING if part.ready else PartState.STARTING, part.process.pid)


def worker_status(name: str, fleet: Fleet) -> WorkerStatus:
    return WorkerStatus(
        name=name,
        desired=fleet.desired,
        running=zone_counts(fleet),
        processes=tuple(_worker_process(it) for it in fleet.instances),
        failures=fleet.failures,
        failed=fleet.failed.id if fleet.failed else None,
        why=fleet.failed.why if fleet.failed else None,
    )


def _worker_process(process: Instance) -> WorkerProcessStatus:
    return WorkerProcessStatus(
        id=process.id,
        zone=process.zone,
        state=process.state,
        pid=process.process.pid if process.process else None,
        release=process.release,
        started_at=process.started_at,
    )


def _instance(instance: Instance) -> InstanceStatus:
    return InstanceStatus(
        id=instance.id,
        state=instance.state,
        pid=instance.process.pid if instance.process else None,
        address=instance.address,
        release=instance.release,
        started_at=instance.started_at,
        outdated=instance.outdated,
    )
