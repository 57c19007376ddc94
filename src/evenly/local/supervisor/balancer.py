"""The balancer as the supervisor sees it: its settings, its process, its view of the fleet's health."""

import asyncio
import math
import signal
from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from evenly.core.address import host_and_port, is_socket
from evenly.core.fleet import Fleet, Health, Instance
from evenly.core.handover import Handover
from evenly.core.rollout import weights
from evenly.core.status import InstanceState
from evenly.core.topology import Topology
from evenly.errors import StateError
from evenly.local.balancer import (
    BalancerSettings,
    Endpoint,
    balancer_settings,
    command,
    hot,
    loopback_addresses,
    publish_endpoints,
    write_configuration,
)
from evenly.local.balancer.admin import AdminClient
from evenly.local.balancer.hot import HotRestart
from evenly.local.certificates import CertificateFiles
from evenly.local.errorpages import release_pages
from evenly.local.inheritance import inherited
from evenly.local.listening import listen_hosts, present
from evenly.local.paths import Paths
from evenly.local.processes import (
    BASE_ID_MARK,
    DIGEST_MARK,
    EPOCH_MARK,
    HOME_MARK,
    ROLE_MARK,
    Command,
)
from evenly.local.settings import Settings
from evenly.local.supervisor.credentials import Certificates
from evenly.local.supervisor.storage import keeping

BALANCER_ROLE = "balancer"
READY_POLL_S = 0.01
# With hot restart Envoy asks the kernel for SIGTERM when its parent ends: what serves would end with its supervisor.
DEAF_TO = frozenset({signal.SIGTERM})


class Balancer:
    """Envoy for one environment. Health questions run in a thread, since they wait for another process.

    `handover`: which process holds, and what is beside it: see `hotrestart`. `base_id`: its number for hot restarts.
    `started_with`: the digest of what was last started alone. `leave_s`: how long one may leave."""

    def __init__(
        self, paths: Paths, topology: Topology, settings: Settings, certificates: Certificates
    ) -> None:
        self._paths = paths
        self._asked = settings.listen
        self._settings = settings_of(paths, topology, settings)
        self._certificates = certificates
        self._admin = AdminClient(paths.admin_socket)
        self._sockets = paths.hot_restart_sockets
        self._hot = hot.is_possible(self._sockets)
        self.handover = Handover()
        self.base_id: int | None = None
        self.started_with: str | None = None
        self.leave_s = max(1, math.ceil(topology.deregistration_delay))

    async def command(self) -> Command:
        """Write certificates and configuration, and say what to start."""
        await asyncio.to_thread(self._certificates.open)
        self.refresh()
        if not self._hot:
            return self._command((), {})
        if self.base_id is None:
            self.base_id = await asyncio.to_thread(hot.free_base_id, self._paths.key)
        self.started_with = self.digest()
        return self._epoch(self.base_id, 0, self.started_with)

    @property
    def can_hand_over(self) -> bool:
        return self._hot and self.base_id is not None

    def next_command(self, number: int) -> Command:
        """Of the epoch that is to take over from the one that runs. Raises OSError."""
        if self.base_id is None:
            raise StateError("the balancer that runs was started without hot restart")
        hot.let_begin(self.base_id)
        return self._epoch(self.base_id, number, self.digest())

    def check_command(self) -> tuple[str, ...]:
        """What only reads the configuration, and ends."""
        return (*command(self._settings), "--mode", "validate")

    def digest(self) -> str:
        """Of what a balancer is started with now."""
        return hot.digest(self._settings)

    def live_epoch(self) -> int | None:
        return self._admin.live_epoch()

    def _epoch(self, base_id: int, number: int, digest: str) -> Command:
        part = HotRestart(base_id, number, self._sockets, math.ceil(self.leave_s / 2), self.leave_s)
        marks = {EPOCH_MARK: str(number), DIGEST_MARK: digest, BASE_ID_MARK: str(base_id)}
        return self._command(part.arguments(), marks)

    def _command(self, hot_restart: tuple[str, ...], marks: Mapping[str, str]) -> Command:
        return Command(
            argv=command(self._settings, hot_restart) if hot_restart else command(self._settings),
            environment={
                **inherited(),
                **marks,
                ROLE_MARK: BALANCER_ROLE,
                HOME_MARK: str(self._paths.home),
            },
            folder=self._settings.folder,
            log=self._paths.logs / "balancer.log",
            deaf_to=DEAF_TO if hot_restart else frozenset(),
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
            it.id: Health(found.well, found.active_requests + self._unseen(it))
            for it in fleet.instances
            if (found := seen.get(it.address)) is not None
        }

    def _unseen(self, instance: Instance) -> int:
        """The one that leaves can't be asked for the requests that it still has with an instance: there may be one."""
        return int(instance.state is InstanceState.DRAINING and self.handover.leaves is not None)


def is_published(instance: Instance) -> bool:
    return instance.listening and instance.state is not InstanceState.STOPPING


def endpoint(instance: Instance, weight: int = 1) -> Endpoint:
    """`weight` 0: it gets no request, as if it were draining, and is asked for its health all the same."""
    where = (instance.address, 0) if is_socket(instance.address) else host_and_port(instance.address)
    draining = instance.state is InstanceState.DRAINING or weight == 0
    return Endpoint(instance.id, instance.zone, *where, draining, max(1, weight))


def settings_of(paths: Paths, topology: Topology, settings: Settings) -> BalancerSettings:
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
