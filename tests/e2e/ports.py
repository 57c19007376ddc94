"""Ports for environments that are tested side by side: a range of its own for each process of pytest."""

import os
import random
import socket

PORTS = range(10_000, 20_000)  # below those that connections and instances take
MOST_WORKERS = 16


def own_ports() -> range:
    """This process's part of `PORTS`: of two that look at once, both might find the same one free."""
    each = len(PORTS) // MOST_WORKERS
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % MOST_WORKERS
    return PORTS[number * each : (number + 1) * each]


def free_ports(count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        port = random.choice(own_ports())  # noqa: S311
        if port not in found and all(is_free(host, port) for host in ("127.0.0.1", "::1")):
            found.append(port)
    return found


def is_free(host: str, port: int) -> bool:
    """Whether one could listen there. Connections that were closed a moment ago (TIME_WAIT) do not count."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            return "assign" in str(error)  # this machine has no IPv6
    return True
