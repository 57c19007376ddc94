"""`python -m evenly.verify.gate`: the synthetic gate of a deploy. Asks new instances before they get traffic.

    stdin   JSON: `Gate`
    stdout  JSON: a list of sentences, one for each check that failed; empty: all passed

A process of its own, so that a check that hangs ends with it, and so that the room below need not know of checks. Run
are those checks of the catalogue that an instance can answer for by itself, whatever application it is.
"""

import sys
from pathlib import Path

import msgspec

from evenly.verify.asking.answers import NoAnswerError
from evenly.verify.asking.doors import Door
from evenly.verify.catalogue import Check, Probe, checks_in
from evenly.verify.checks import database, health, protocols
from evenly.verify.client import Service
from evenly.verify.results import Verdict
from evenly.verify.running import run_checks

CHECKS = ("protocols.http1", "database.served")
OF_ITS_OWN = {
    "health.alive": "/healthz",
    "health.ready": "/readyz",
}  # where the application has such an address
# As the balancer tells it: what came to it was HTTPS, to a name of this service's.
TOLD = {"host": "localhost", "x-forwarded-proto": "https", "x-forwarded-for": "127.0.0.1"}


class Instance(msgspec.Struct, frozen=True):
    """One to ask. `name`: of its certificate; `None`: it speaks no TLS."""

    id: str
    address: str
    name: str | None


class Gate(msgspec.Struct, frozen=True):
    """`ca`, `certificate`, `key`: files, those that the balancer has."""

    instances: tuple[Instance, ...]
    ca: str
    certificate: str
    key: str


def main() -> None:
    gate = msgspec.json.decode(sys.stdin.buffer.read(), type=Gate)
    sys.stdout.buffer.write(msgspec.json.encode(failures(gate)))


def failures(gate: Gate) -> tuple[str, ...]:
    """What the instances fail, as sentences."""
    return tuple(line for it in gate.instances for line in _failures(it, _service(it, gate)))


def _failures(instance: Instance, service: Service) -> tuple[str, ...]:
    results = run_checks(_chosen(service), Probe(service, None), keep=repr, tell=lambda _: None)
    return tuple(f"{instance.id}: {it.id}: {it.why}" for it in results if it.verdict is Verdict.FAIL)


def _chosen(service: Service) -> tuple[Check, ...]:
    known = {it.id: it for module in (health, protocols, database) for it in checks_in(module)}
    own = [id for id, path in OF_ITS_OWN.items() if _is_there(service, path)]
    return tuple(known[id] for id in (*CHECKS, *own))


def _is_there(service: Service, path: str) -> bool:
    """What is redirected, forbidden or not found says nothing of the application's health."""
    try:
        status = service.get(path).status
    except NoAnswerError:
        return True
    return status == 200 or status >= 500


def _service(instance: Instance, gate: Gate) -> Service:
    shows = (Path(gate.certificate), Path(gate.key)) if instance.name else None
    scheme = "https" if instance.name else "http"
    return Service(
        f"{scheme}://localhost/",
        Path(gate.ca),
        door=Door(instance.address, instance.name, shows),
        headers=TOLD,
    )


if __name__ == "__main__":
    main()
