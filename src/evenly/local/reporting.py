"""An environment's status from its facts: the same whether the supervisor tells it or its record is read."""

from evenly.core.fleet import Fleet, Instance
from evenly.core.parts import Part
from evenly.core.status import (
    EnvironmentStatus,
    InstanceStatus,
    PartState,
    PartStatus,
    Urls,
    ZoneStatus,
)
from evenly.core.summary import environment_state
from evenly.core.topology import Topology
from evenly.local.certificates import CertificateFiles
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
) -> EnvironmentStatus:
    """`database`: `None` where the manifest asks for none. `problem`: one sentence, if there is one."""
    return EnvironmentStatus(
        environment=topology.environment,
        target=TARGET,
        state=environment_state(
            fleet, balancer_ready=balancer.ready, database_ready=database is None or database.ready
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
        database=part_status(database) if database else None,
        supervisor=supervisor,
        problem=problem,
    )


def urls(settings: Settings) -> Urls:
    return Urls(
        https=f"https://localhost:{settings.https_port}/", http=f"http://localhost:{settings.http_port}/"
    )


def part_status(part: Part) -> PartStatus:
    if part.process is None:
        return PartStatus(PartState.DOWN, None)
    return PartStatus(PartState.RUNNING if part.ready else PartState.STARTING, part.process.pid)


def _instance(instance: Instance) -> InstanceStatus:
    return InstanceStatus(
        id=instance.id,
        state=instance.state,
        pid=instance.process.pid if instance.process else None,
        address=instance.address,
        release=instance.release,
        started_at=instance.started_at,
    )
