"""What checks, drills and the dashboard may ask of a target, whatever it is made of. The protocol, and no target.

A target that can't do one of these raises `NotPossibleError`: the check is then skipped, and says why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from evenly.core.status import EnvironmentStatus


class NotPossibleError(Exception):
    """This target can't do or know this. `why` is a sentence."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of an environment. `at`: RFC 3339, UTC, milliseconds; `what`: a sentence for a person; `action`: the
    word that the target's journal has for it; `number`: ascending, to ask for what came after."""

    number: int
    at: str
    action: str
    what: str
    instance: str | None = None
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class CertificateLife:
    """A certificate of the environment's. Times: RFC 3339, UTC. `renews`: the target renews it by itself."""

    name: str
    not_before: str
    not_after: str
    renews: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """Something that should be refused was tried. `told`: what came back, one line, for the evidence."""

    tried: str
    refused: bool
    told: str


class Facts(Protocol):
    """What can be known of an environment."""

    @property
    def environment(self) -> str: ...

    @property
    def kind(self) -> str:
        """`local` or `aws`."""

    @property
    def is_production(self) -> bool: ...

    @property
    def url(self) -> str:
        """Where it answers by HTTPS, and `plain_url` by HTTP."""

    @property
    def plain_url(self) -> str: ...

    @property
    def ca_file(self) -> Path | None:
        """The authority to trust; `None`: those of the system."""

    def status(self) -> EnvironmentStatus: ...

    def events(self, after: int = 0) -> Sequence[Happening]:
        """What happened after the event of that number, oldest first."""

    def logged(self, request_id: str) -> str | None:
        """The access log's line of that request, or `None` while there is none."""

    def ask_instances_directly(self) -> Sequence[Attempt]:
        """Each instance asked past the balancer, without a certificate and with a stranger's."""

    def ask_database_from_elsewhere(self) -> Sequence[Attempt]:
        """Every way to the database that should be closed: ports, other roles, wrong passwords."""

    def alter_schema_as_app(self) -> Sequence[Attempt]:
        """What the app's own role may not do. Nothing of it may leave a trace when it succeeds after all."""

    def certificates(self) -> Sequence[CertificateLife]: ...


class Faults(Protocol):
    """What can be broken on purpose, and is put right again. Each returns once the fault is in place."""

    def kill_instance(self, id: str) -> None: ...

    def hang_instance(self, id: str) -> None: ...

    def resume_instance(self, id: str) -> None:
        """Nothing happens when it is gone by then."""

    def slow_instance(self, id: str, delay_ms: int) -> None:
        """Every answer of it takes this much longer, 0 for no longer."""

    def lose_zone(self, name: str) -> None: ...

    def return_zone(self, name: str) -> None: ...

    def restart_database(self) -> None: ...

    def kill_balancer(self) -> None: ...

    def kill_supervisor(self) -> None: ...


class Target(Facts, Faults, Protocol):
    """An environment that can be looked at and broken."""
