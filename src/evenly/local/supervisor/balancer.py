"""The balancer as the supervisor sees it: its settings, its process, its view of the fleet's health."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from evenly.core.address import host_and_port, is_socket
from evenly.core.fleet import Fleet, Health, Instance
from evenly.core.rollout import weights
from evenly.core.status import InstanceState
from evenly.core.topology import Topology
from evenly.local.balancer import (
    BalancerSettings,
    Endpoint,
    balancer_settings,
    command,
    loopback_addresses,
    publish_endpoints,
    write_configuration,
)
from evenly.local.balancer.admin import AdminClient
from evenly.local.certificates import CertificateFiles
from evenly.local.errorpages import release_pages
from evenly.local.inheritance import inherited
from evenly.local.listening import listen_hosts, present
from evenly.local.paths import Paths
from evenly.local.processes import HOME_MARK, ROLE_MARK, Command
from evenly.local.settings import Settings
from evenly.local.supervisor.credentials import Certificates
from evenly.local.supervisor.storage import keeping

BALANCER_ROLE = "balancer"
READY_POLL_S = 0.01


class Balancer:
    """Envoy for one environment. Health questions run in a thread, since they wait for another process."""

    def __init__(
        self, paths: Paths, topology: Topology, settings: Settings, certificates: Certificates
    ) -> None:
        self._paths = paths
        self._asked = settings.listen
        self._settings = _settings(paths, topology, settings)
        self._certificates = certificates
        self._admin = AdminClient(paths.admin_socket)

    async def command(self) -> Command:
        """Write certificates and configuration, and say what to start."""
        await asyncio.to_thread(self._certificates.open)
        self.refresh()
        return Command(
            argv=command(self._settings),
            environment={
                **inherited(),
                ROLE_MARK: BALANCER_ROLE,
                HOME_MARK: str(self._paths.home),
            },
            folder=self._settings.folder,
            log=self._paths.logs / "balancer.log",
        )

    def refresh(self) -> None:
        """Write the configuration: a balancer that runs follows it, where the release is another one."""
        # An address that is gone would keep Envoy from listening at all, also where it could.
        self._settings = replace(self._settings, listen=(*loopback_addresses(), *present(self._asked)))
        write_configuration(self._settings)

    async def wait_ready(self) -> None:
        while not await asyncio.to_thread(self._admin.is_ready):
            await asyncio.sleep(READY_POLL_S)

    def publish(self, fleet: Fleet) -> None:
        """What can't be written now is at the next call, at every look at the fleet: until then the balancer goes by
        what it finds out itself."""
        shares = weights(fleet)
        published = (endpoint(it, shares[it.id]) for it in fleet.instances if is_published(it))
        with keeping("the balancer's endpoints"):
            publish_endpoints(self._settings, published)

    async def health(self, fleet: Fleet) -> Mapping[str, Health]:
        """What the balancer says of the fleet's instances, by id. Raises AdminError."""
        seen = await asyncio.to_thread(self._admin.endpoint_health)
        return {
            it.id: Health(found.well, found.active_requests)
            for it in fleet.instances
            if (found := seen.get(it.address)) is not None
        }


def is_published(instance: Instance) -> bool:
    return instance.listening and instance.state is not InstanceState.STOPPING


def endpoint(instance: Instance, weight: int = 1) -> Endpoint:
    """`weight` 0: it gets no request, as if it were draining, and is asked for its health all the same."""
    where = (instance.address, 0) if is_socket(instance.address) else host_and_port(instance.address)
    draining = instance.state is InstanceState.DRAINING or weight == 0
    return Endpoint(instance.id, instance.zone, *where, draining, max(1, weight))


def _settings(paths: Paths, topology: Topology, settings: Settings) -> BalancerSettings:
    return balancer_settings(
        topology,
        https_port=settings.https_port,
        http_port=settings.http_port,
        folder=paths.balancer,
        admin_socket=paths.admin_socket,
        access_log=access_log(paths),
        certificates=CertificateFiles(paths.certificates),
        listen=loopback_addresses(),
        hosts=(*settings.listen, *listen_hosts(settings.listen)),
        error_pages=release_pages(paths, settings.release),
    )


def access_log(paths: Paths) -> Path:
    return paths.logs / "access.log"
