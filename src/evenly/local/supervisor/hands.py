"""What the keeper's actions do on this machine: instances as processes, endpoints to the balancer, records."""

import secrets
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from evenly.core.address import is_socket, listening_variables, listens_on_socket
from evenly.core.fleet import Exited, Fleet, Instance, Launched, Started
from evenly.core.planning import Action, Launch
from evenly.core.topology import Topology
from evenly.errors import UsageError
from evenly.local import ports, processes
from evenly.local.paths import Paths
from evenly.local.processes import Command, Watches
from evenly.local.settings import timestamp_now
from evenly.local.supervisor.journal import Journal
from evenly.local.supervisor.logfiles import keep_newest
from evenly.local.surroundings import Process, Surroundings, arguments, environment

INSTANCE_ROLE = "instance"
LOGS_KEPT = 50


class InstanceHands:
    """Starts and signals instances. `around` says what those of a release find around them, `files` an instance's
    certificate files. `exited` hears of the end of one: (id, exit code or `None`); `killing` of
    what is about to be killed, and why."""

    def __init__(
        self,
        *,
        paths: Paths,
        topology: Topology,
        around: Callable[[int], Surroundings],
        journal: Journal,
        watches: Watches,
        files: Callable[[str], Mapping[str, str]],
        publish: Callable[[Fleet], None],
        record: Callable[[Fleet], None],
        exited: Callable[[str, int | None], None],
        killing: Callable[[Instance, str], None],
    ) -> None:
        self._paths = paths
        self._topology = topology
        self._around = around
        self._journal = journal
        self._watches = watches
        self._files = files
        self._exited = exited
        self._killing = killing
        self.publish = publish
        self.record = record

    def begin_launch(self, fleet: Fleet, action: Launch) -> Launched:
        id = f"i-{secrets.token_hex(9)[:17]}"
        return Launched(
            id=id,
            zone=action.zone,
            address=self._address(id, action, fleet),
            release=action.release,
            started_at=timestamp_now(),
        )

    def start(self, instance: Instance) -> Started | Exited:
        try:
            keep_newest(self._paths.instance_logs, "i-*.log", LOGS_KEPT)
            command = self._command(instance)
            process, child = processes.spawn(command)
        except UsageError as error:
            return Exited(instance.id, f"could not be started: {error.what}")
        except OSError as error:
            return Exited(instance.id, f"could not be started: {error.strerror}: {error.filename}")
        self._watches.add(process, lambda code: self._ended(instance, code), child)
        return Started(instance.id, process)

    def adopt(self, instance: Instance) -> None:
        """Hear of the end of an instance that another supervisor started."""
        if instance.process is not None:
            self._watches.add(instance.process, lambda code: self._ended(instance, code))

    def stop(self, instance: Instance) -> None:
        if instance.process is not None:
            processes.send(instance.process, signal.SIGTERM)

    def kill(self, instance: Instance, why: str) -> None:
        self._killing(instance, why)
        if instance.process is not None:
            processes.send(instance.process, signal.SIGKILL)

    def note(self, action: Action, id: str) -> None:
        zone = action.zone if isinstance(action, Launch) else None
        self._journal.write(type(action).__name__.lower(), instance=id, zone=zone, why=action.why)

    def log(self, id: str) -> Path:
        return self._paths.instance_logs / f"{id}.log"

    def _ended(self, instance: Instance, code: int | None) -> None:
        if is_socket(instance.address):
            Path(instance.address).unlink(missing_ok=True)
        self._exited(instance.id, code)

    def _address(self, id: str, action: Launch, fleet: Fleet) -> str:
        if listens_on_socket(self._around(action.release).topology.app):
            self._paths.instance_sockets.mkdir(mode=0o700, exist_ok=True)
            return str(self._paths.instance_sockets / id[2:10])
        number = next(it.number for it in self._topology.zones if it.name == action.zone)
        return ports.instance_address(number, (it.address for it in fleet.instances), self._paths.key)

    def _command(self, instance: Instance) -> Command:
        around = self._around(instance.release)
        variables = environment(around, self._process(instance))
        return Command(
            argv=self._argv(around, variables),
            environment=variables,
            folder=around.folder,
            log=self.log(instance.id),
        )

    def _argv(self, around: Surroundings, variables: Mapping[str, str]) -> tuple[str, ...]:
        app = around.topology.app
        if app.command is None:
            return (sys.executable, "-m", "evenly.webapp.server", str(app.serve))
        return arguments(app.command, around, variables)

    def _process(self, instance: Instance) -> Process:
        certificate = self._files(instance.id) if self._topology.app.protocol == "https" else {}
        given = {**certificate, **listening_variables(instance.address)}
        return Process(INSTANCE_ROLE, instance.id, instance.zone, given=given)
