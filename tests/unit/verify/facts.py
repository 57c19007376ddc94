"""A target in memory: all is well with it, until one of its facts is replaced."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from evenly.core.facts import Attempt, CertificateLife, Happening
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


def told(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ago(**spans: float) -> str:
    """The time that was so long ago."""
    return told(datetime.now(UTC) - timedelta(**spans))


def zone(name: str, serving: int, *, launching: int = 0, available: bool = True) -> ZoneStatus:
    states = [InstanceState.HEALTHY] * serving + [InstanceState.LAUNCHING] * launching
    made = (
        InstanceStatus(f"i-{name}{number}", state, 1, "127.0.0.1:1", 1, ago(hours=1))
        for number, state in enumerate(states)
    )
    return ZoneStatus(name, available, tuple(made))


def status(*zones: ZoneStatus, desired: int = 4, **more: object) -> EnvironmentStatus:
    made = EnvironmentStatus(
        environment="test",
        target="test",
        state=EnvironmentState.HEALTHY,
        urls=Urls("https://test.localhost/", "http://test.localhost/"),
        ca_certificate="",
        release=1,
        desired=desired,
        zones=zones or (zone("a", 2), zone("b", 2)),
        balancer=RUNS,
        database=RUNS,
        supervisor=RUNS,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def crash(what: str, ran_s: float = 0.2, minutes_ago: float = 1.0) -> Happening:
    at = ago(minutes=minutes_ago)
    return Happening(1, at, "ended", f"{what} exited with code 1", crashed=what, ran_s=ran_s)


def life(name: str = "edge", *, lived: float = 1, left: float = 89, renews: bool = True) -> CertificateLife:
    """Days that it has lived, and that are left of it."""
    now = datetime.now(UTC)
    return CertificateLife(name, told(now - timedelta(days=lived)), told(now + timedelta(days=left)), renews)


def refused(*tried: str) -> tuple[Attempt, ...]:
    return tuple(Attempt(it, True, "refused") for it in tried)


@dataclass(frozen=True)
class KnownFacts:
    """Each fact as it is told. One may raise, as a target's own."""

    environment: str = "test"
    kind: str = "test"
    is_production: bool = False
    url: str = "https://test.localhost/"
    plain_url: str = "http://test.localhost/"
    ca_file: Path | None = None
    known: EnvironmentStatus = field(default_factory=status)
    happened: tuple[Happening, ...] = ()
    instances: Callable[[], Sequence[Attempt]] = lambda: refused("GET https://127.0.0.1:1/")
    database: Callable[[], Sequence[Attempt]] = lambda: refused("connect as postgres")
    schema: Callable[[], Sequence[Attempt]] = lambda: refused("CREATE TABLE mine (id int)")
    lives: tuple[CertificateLife, ...] = field(default_factory=lambda: (life(),))

    def status(self) -> EnvironmentStatus:
        return self.known

    def events(self, after: int = 0, since: datetime | None = None) -> Sequence[Happening]:
        return self.happened

    def logged(self, request_id: str) -> str | None:
        return None

    def ask_instances_directly(self) -> Sequence[Attempt]:
        return self.instances()

    def ask_database_from_elsewhere(self) -> Sequence[Attempt]:
        return self.database()

    def alter_schema_as_app(self) -> Sequence[Attempt]:
        return self.schema()

    def certificates(self) -> Sequence[CertificateLife]:
        return self.lives
