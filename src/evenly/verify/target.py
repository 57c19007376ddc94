"""What checks, drills and the dashboard may ask of a target, whatever it is made of. The protocol, and no target.

A target that can't do one of these raises `NotPossibleError`: the check is then skipped, and says why.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from evenly.core.facts import Attempt, CertificateLife, Happening, NotPossibleError, ReleaseFact
from evenly.core.status import EnvironmentStatus
from evenly.core.traffic import Traffic

__all__ = ["Attempt", "CertificateLife", "Facts", "Faults", "Happening", "NotPossibleError", "Target"]


class Facts(Protocol):
    """What can be known of an environment."""

    @property
    def name(self) -> str:
        """The service's."""

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

    def events(self, after: int = 0, since: datetime | None = None) -> Sequence[Happening]:
        """What happened after the event of that number, and not before `since` (aware), oldest first."""

    def traffic(self) -> Traffic:
        """What has come in since the balancer started. Raises EvenlyError when it does not answer."""

    def release(self, number: int) -> ReleaseFact:
        """Raises StateError when there is none of that number."""

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

    def fail_database_over(self) -> None:
        """Its primary ends, and its standby has to take its place."""

    def kill_balancer(self) -> None: ...

    def kill_supervisor(self) -> None: ...

    def only_drill(self) -> AbstractContextManager[None]:
        """Hold the environment for one drill. Raises StateError while another one runs."""

    def restore(self) -> Sequence[str]:
        """Put right what a drill that is gone has left broken; what that was, as phrases."""


class Target(Facts, Faults, Protocol):
    """An environment that can be looked at and broken."""
