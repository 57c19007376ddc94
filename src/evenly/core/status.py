"""What an environment looks like now, in one shape for every target: what `evenly status --json` prints."""

from enum import StrEnum

from msgspec import Struct


class EnvironmentState(StrEnum):
    HEALTHY = "healthy"  # every desired instance serves, evenly, and so do balancer and database
    DEGRADED = "degraded"  # it answers, but something is being put right
    DOWN = "down"  # nothing serves


class InstanceState(StrEnum):
    LAUNCHING = "launching"  # started, not yet seen healthy
    HEALTHY = "healthy"  # serves
    UNHEALTHY = "unhealthy"  # was healthy, fails its health checks
    DRAINING = "draining"  # takes no new requests, finishes the ones it has
    STOPPING = "stopping"  # was asked to stop


LEAVING = (InstanceState.DRAINING, InstanceState.STOPPING)


class Outcome(StrEnum):
    """What became of a run of a job, or of its due time."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed-out"
    LOST = "lost"  # nobody knows how it ended, or whether it began
    STOPPED = "stopped"  # the environment was taken down
    SKIPPED = "skipped"  # one was still running
    MISSED = "missed"  # nobody was there to run it, or no zone


class Role(StrEnum):
    """Of a member of a database of two."""

    PRIMARY = "primary"  # takes writes
    STANDBY = "standby"  # follows, and takes the primary's place


class PartState(StrEnum):
    STARTING = "starting"
    RUNNING = "running"
    DOWN = "down"
    ELSEWHERE = "elsewhere"  # the database, where it is not ours to run


class Urls(Struct, frozen=True):
    https: str
    http: str


class InstanceStatus(Struct, frozen=True):
    """`address` is host:port; `started_at` an RFC 3339 time in UTC; `pid` is `None` until there is a process.
    `outdated`: why it is going to be replaced, as a clause."""

    id: str
    state: InstanceState
    pid: int | None
    address: str
    release: int
    started_at: str
    outdated: str | None = None


class ZoneStatus(Struct, frozen=True):
    name: str
    available: bool
    instances: tuple[InstanceStatus, ...]

    @property
    def serving(self) -> tuple[InstanceStatus, ...]:
        return tuple(it for it in self.instances if it.state is InstanceState.HEALTHY)


class PartStatus(Struct, frozen=True):
    state: PartState
    pid: int | None

    @property
    def works(self) -> bool:
        return self.state in (PartState.RUNNING, PartState.ELSEWHERE)


class DatabaseMember(Struct, frozen=True):
    """One of the two members of a database. `in_sync`: a standby that holds all that was acknowledged."""

    zone: str
    role: Role
    state: PartState
    pid: int | None
    in_sync: bool = False


class WorkerProcessStatus(Struct, frozen=True):
    """One process of a worker. `started_at`: RFC 3339, UTC."""

    id: str
    zone: str
    state: InstanceState
    pid: int | None
    release: int
    started_at: str


class WorkerStatus(Struct, frozen=True):
    """`running`: by zone, how many processes have run for a while. `failures`: starts in a row that came to nothing;
    `failed` and `why`: the id of the last of them, and how it ended, as a phrase."""

    name: str
    desired: int
    running: dict[str, int]
    processes: tuple[WorkerProcessStatus, ...]
    failures: int = 0
    failed: str | None = None
    why: str | None = None


class JobRun(Struct, frozen=True):
    """A run of a job that is under way. `due`: when its schedule wanted it; `None` if it was asked for by hand.
    Times here and below: RFC 3339, UTC."""

    id: str
    due: str | None
    started_at: str
    attempt: int
    zone: str


class PastRun(Struct, frozen=True):
    """What became of a due time, or of a run that was asked for. `count`: how many due times in a row, the last of
    which was `due`. `code`: `None` where there was none, or nobody saw it. `why`: how it ended, as a phrase."""

    outcome: Outcome
    due: str | None
    id: str | None
    started_at: str | None
    ended_at: str | None
    zone: str | None
    attempts: int
    code: int | None
    why: str | None
    count: int


class JobStatus(Struct, frozen=True):
    """`last`: the last that ran. `next_at`: when it is due next, if nothing is in the way."""

    name: str
    schedule: str
    running: JobRun | None
    last: PastRun | None
    next_at: str | None


class ScalingStatus(Struct, frozen=True):
    """Between which counts scaling moves, what it saw last of each instance, and what it holds; `None` for what it has
    no target for, or no figure. Requests are a second, `cpu` is percent of a core. `limited`: why it would want more
    than `maximum`, as a clause."""

    minimum: int
    maximum: int
    p95_ms: float | None
    p95_ms_target: float | None
    requests: float | None
    requests_target: float | None
    cpu: float | None
    cpu_target: float | None
    limited: str | None


class EnvironmentStatus(Struct, frozen=True):
    """`database` is `None` where the manifest asks for none, and the primary where it has two members, which are
    `database_members`. `problem` is one sentence, or `None`. `notices`: what a person has to do in time, as sentences.
    `reachable`: the URLs by which others than this machine reach it. `scaling`: `None` where the manifest asks for
    none, or the supervisor does not answer."""

    environment: str
    target: str
    state: EnvironmentState
    urls: Urls
    ca_certificate: str
    release: int
    desired: int
    zones: tuple[ZoneStatus, ...]
    balancer: PartStatus
    database: PartStatus | None
    supervisor: PartStatus
    problem: str | None = None
    workers: tuple[WorkerStatus, ...] = ()
    jobs: tuple[JobStatus, ...] = ()
    notices: tuple[str, ...] = ()
    reachable: tuple[str, ...] = ()
    scaling: ScalingStatus | None = None
    database_members: tuple[DatabaseMember, ...] = ()

    @property
    def serving(self) -> tuple[InstanceStatus, ...]:
        return tuple(it for zone in self.zones for it in zone.serving)
