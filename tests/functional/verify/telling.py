"""A target in memory: it tells what an address alone can't."""

from itertools import groupby

from tests.functional.verify.behaving import Behaviour, Service

from evenly.core.status import (
    EnvironmentState,
    EnvironmentStatus,
    InstanceState,
    InstanceStatus,
    PartState,
    PartStatus,
    Urls,
    ZoneStatus,
)

RUNS = PartStatus(PartState.RUNNING, 1)


class KnownTarget:
    """What the checks of an address ask of a target, and no more."""

    def __init__(self, service: Service, behaviour: Behaviour) -> None:
        self._service = service
        self._instances = behaviour.instances

    def status(self) -> EnvironmentStatus:
        ordered = sorted(self._instances, key=lambda it: it[1])
        zones = tuple(
            ZoneStatus(zone, True, tuple(_instance(id) for id, _ in each))
            for zone, each in groupby(ordered, key=lambda it: it[1])
        )
        return EnvironmentStatus(
            environment="test",
            target="local",
            state=EnvironmentState.HEALTHY,
            urls=Urls("", ""),
            ca_certificate="",
            release=1,
            desired=len(ordered),
            zones=zones,
            balancer=RUNS,
            database=RUNS,
            supervisor=RUNS,
        )

    def logged(self, request_id: str) -> str | None:
        return next((line for line in self._service.log if request_id in line), None)


def _instance(id: str) -> InstanceStatus:
    return InstanceStatus(id, InstanceState.HEALTHY, 1, "127.0.0.1:1", 1, "2026-01-01T00:00:00Z")
