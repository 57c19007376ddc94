"""Asks the running balancer: is it ready, what does it think of each endpoint, how much traffic is there.

Talks to Envoy's admin socket and to nothing else. Every question ends within its timeout; an answer that is
cut short or makes no sense is an AdminError, never a guess.
"""

import contextlib
import json
import socket
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct

from evenly.core.traffic import Answers, Traffic
from evenly.errors import StateError
from evenly.local.balancer.settings import SERVICE
from evenly.local.balancer.traffic import ANSWERS_FILTER, STATISTICS_FILTER, parse_answers, parse_traffic

TIMEOUT_S = 1.0
DRAINING = "eds_draining"
_STATISTICS = "/stats?format=json&histogram_buckets=cumulative&filter="
T = TypeVar("T")


class AdminError(StateError):
    """The balancer did not answer, or its answer made no sense."""

    def __init__(self, what: str, path: Path) -> None:
        super().__init__(what, where=str(path), try_="See what the balancer says: evenly logs balancer")


class EndpointHealth(Struct, frozen=True):
    """What the balancer thinks of one endpoint. `flags` are Envoy's own words for why it is not healthy. `requests`
    counts each try, `failed` those that came to 5XX or were broken off, `late` those that were tried elsewhere as well
    because no answer came in time."""

    healthy: bool
    active_requests: int
    requests: int
    flags: tuple[str, ...] = ()
    failed: int = 0
    late: int = 0

    @property
    def draining(self) -> bool:
        return DRAINING in self.flags

    @property
    def well(self) -> bool:
        """Whether it passes its health checks, and would be asked if it were not draining."""
        return not set(self.flags) - {DRAINING}


class AdminClient:
    """One balancer's admin socket; a connection for each question, so that a restarted Envoy is no matter."""

    def __init__(self, path: Path, timeout_s: float = TIMEOUT_S) -> None:
        self._path = path
        self._timeout_s = timeout_s

    def is_ready(self) -> bool:
        """Whether the balancer takes requests. `False` as long as there is none."""
        try:
            return self._ask("GET", "/ready")[0] == 200
        except AdminError:
            return False

    def live_epoch(self) -> int | None:
        """The number of the epoch that answers, where it takes requests; `None` if none does."""
        with contextlib.suppress(AdminError):
            return self._parsed("/server_info", parse_live_epoch)
        return None

    def endpoint_health(self) -> Mapping[str, EndpointHealth]:
        """Every endpoint that the balancer knows, by `address:port` or its socket's path. Raises AdminError."""
        return self._parsed("/clusters?format=json", parse_endpoint_health)

    def traffic(self) -> Traffic:
        """What has come in since the balancer started. Raises AdminError."""
        return self._parsed(f"{_STATISTICS}{STATISTICS_FILTER}", parse_traffic)

    def answers(self) -> Answers:
        """What the instances have answered since the balancer started. Raises AdminError."""
        return self._parsed(f"{_STATISTICS}{ANSWERS_FILTER}", parse_answers)

    def reopen_logs(self) -> None:
        """Makes the balancer open its logs anew, after they were renamed. Raises AdminError."""
        self._ask("POST", "/reopen_logs")

    def _parsed(self, target: str, parse: Callable[[Any], T]) -> T:
        status, body = self._ask("GET", target)
        try:
            if status != 200:
                raise ValueError(f"status {status}")
            return parse(json.loads(body))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise AdminError("the balancer's answer makes no sense", self._path) from error

    def _ask(self, method: str, target: str) -> tuple[int, bytes]:
        connection = _UnixConnection(self._path, self._timeout_s)
        try:
            connection.request(method, target)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, HTTPException) as error:
            raise AdminError("the balancer does not answer", self._path) from error
        finally:
            connection.close()


class _UnixConnection(HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def parse_live_epoch(answer: Any) -> int | None:
    """`/server_info` as a fact. Raises KeyError, TypeError or ValueError for anything else."""
    number = int(answer["command_line_options"]["restart_epoch"])
    return number if answer["state"] == "LIVE" else None


def parse_endpoint_health(answer: Any) -> Mapping[str, EndpointHealth]:
    """`/clusters?format=json` as facts. Raises KeyError, TypeError or ValueError for anything else."""
    clusters = [each for each in answer.get("cluster_statuses", ()) if each["name"] == SERVICE]
    hosts = [host for cluster in clusters for host in cluster.get("host_statuses", ())]
    return {_address(host): _health(host) for host in hosts}


def _address(host: Any) -> str:
    if "pipe" in host["address"]:
        return str(host["address"]["pipe"]["path"])
    where = host["address"]["socket_address"]
    return f"{where['address']}:{where['port_value']}"


def _health(host: Any) -> EndpointHealth:
    flags = tuple(sorted(_flags(host["health_status"])))
    numbers = {each["name"]: int(each.get("value", 0)) for each in host["stats"]}
    return EndpointHealth(
        not flags,
        numbers["rq_active"],
        numbers["rq_total"],
        flags,
        numbers.get("rq_error", 0),
        numbers.get("rq_timeout", 0),
    )


def _flags(status: Mapping[str, Any]) -> list[str]:
    """Every flag that is set keeps new requests away; so does any EDS status but healthy (and unknown)."""
    said = status.get("eds_health_status", "UNKNOWN")
    eds = [] if said in ("HEALTHY", "UNKNOWN") else [f"eds_{said.lower()}"]
    return [*(name for name, value in status.items() if value is True), *eds]
