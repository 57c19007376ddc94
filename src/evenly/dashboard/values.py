"""What the page is told, as values; their names are its JSON's. `at`: RFC 3339, UTC."""

from collections.abc import Sequence

from msgspec import Struct

from evenly.core.facts import Happening, ReleaseFact
from evenly.core.status import EnvironmentStatus


class View(Struct, frozen=True):
    """How the environment is. `status`: `None` when it is down; `stale`: it is its record's, for its supervisor does
    not answer; `problem`: a sentence."""

    at: str
    status: EnvironmentStatus | None
    stale: bool
    problem: str | None
    release: ReleaseFact | None


class Point(Struct, frozen=True):
    """Traffic of the last seconds; all of it `None` when the balancer does not answer."""

    at: str
    requests_per_s: float | None = None
    errors_per_s: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    active: int | None = None


class Offer(Struct, frozen=True):
    """A drill that can be asked for. `what`: what happens, as a clause."""

    kind: str
    what: str


class Hello(Struct, frozen=True):
    """What a viewer is told first. `rates`: requests a second to choose from. `history` and `events`: oldest first."""

    name: str
    environment: str
    url: str
    production: bool
    drills: Sequence[Offer]
    rates: Sequence[int]
    history: Sequence[Point]
    events: Sequence[Happening]
