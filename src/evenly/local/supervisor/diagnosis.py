"""Why an instance did not become healthy, in words: what it listens on, and what it answered. Observes only."""

import psutil

from evenly.core.address import is_socket
from evenly.core.fleet import Instance
from evenly.core.topology import HealthPolicy
from evenly.local import ports
from evenly.manifest.types import Protocol


def never_healthy(instance: Instance, health: HealthPolicy, protocol: Protocol) -> str:
    """A phrase for an instance that is given up after its grace period."""
    within = f"within its grace period of {health.grace_period:g} s"
    if instance.listening:
        what = f"GET {health.path} ({protocol.upper()})"
        return f"listened on {instance.address}, but {what} was not answered with 200 {within}"
    wanted = "$SOCKET" if is_socket(instance.address) else "$HOST:$PORT"
    elsewhere = [it for it in ports.listening_ports(_family(instance)) if it != instance.address]
    if elsewhere:
        return f"listened on {', '.join(elsewhere)}, not on {wanted} ({instance.address}), {within}"
    return f"did not listen on {wanted} ({instance.address}) {within}"


def _family(instance: Instance) -> list[int]:
    if instance.process is None:
        return []
    try:
        leader = psutil.Process(instance.process.pid)
        return [leader.pid, *(child.pid for child in leader.children(recursive=True))]
    except psutil.Error:
        return []


class Reasons:
    """Why instances are ended, said before they are: their exit alone does not tell."""

    def __init__(self, health: HealthPolicy, protocol: Protocol) -> None:
        self._health = health
        self._protocol = protocol
        self._whys: dict[str, str] = {}

    def note(self, instance: Instance, why: str) -> None:
        given_up = instance.given_up
        self._whys[instance.id] = never_healthy(instance, self._health, self._protocol) if given_up else why

    def forget(self, id: str) -> str | None:
        """Once it has ended: the reason that was noted, if there was one."""
        return self._whys.pop(id, None)
