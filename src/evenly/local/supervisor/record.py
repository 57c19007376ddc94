"""The supervisor's record: what has to be known to go on after it was killed. And how it is adopted."""

from collections.abc import Iterable

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from evenly.core.address import SOCKET
from evenly.core.fleet import Failure, Fleet, Instance, ProcessRef
from evenly.core.scalingfacts import ScalingState
from evenly.core.status import DatabaseMember, InstanceState
from evenly.local import state
from evenly.local.paths import Paths
from evenly.local.processes import INSTANCE_MARK, Marked, is_alive, mains
from evenly.local.settings import timestamp_now
from evenly.local.supervisor.hands import INSTANCE_ROLE

RECORD_VERSION = 1
WORKER_ROLE = "worker"


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """`database`: the primary, where there are two `members`; `standby`: the other one. `prepared`: the release that
    the database's roles and migrations are prepared for; 0 for none. `workers`: the fleet of each, by name."""

    fleet: Fleet
    balancer: ProcessRef | None = None
    database: ProcessRef | None = None
    standby: ProcessRef | None = None
    members: tuple[DatabaseMember, ...] = ()
    prepared: int = 0
    workers: dict[str, Fleet] = {}
    scaling: ScalingState | None = None


class Adopted(Struct, frozen=True):
    """The fleet as it runs; `lost`: the ids of instances that were recorded, and run no more."""

    fleet: Fleet
    lost: tuple[str, ...]


def read_record(paths: Paths) -> Record | None:
    return state.read(paths.record, Record, RECORD_VERSION)


def write_record(paths: Paths, record: Record) -> None:
    state.write(paths.record, record, RECORD_VERSION)


def adopt(fleet: Fleet, marked: Iterable[Marked], now: float, role: str = INSTANCE_ROLE) -> Adopted:
    """`fleet` with what runs in truth: processes that were started but not recorded are found by their mark,
    and so is the whole fleet when the record was lost."""
    running = {
        it.environment[INSTANCE_MARK]: it for it in mains(marked, role) if INSTANCE_MARK in it.environment
    }
    known = {it.id: it for it in fleet.instances}
    found = [_instance(it, known.get(id), now) for id, it in running.items()]
    still = [it for it in known.values() if it.id not in running and it.process and is_alive(it.process)]
    instances = tuple(sorted((*found, *still), key=lambda it: (it.launched_at, it.id)))
    lost = tuple(sorted(known.keys() - {it.id for it in instances}))
    return Adopted(replace(fleet, instances=instances, failed=_failed(fleet.failed, now)), lost)


def _failed(failed: Failure | None, now: float) -> Failure | None:
    """Not in the future, which no backoff may wait for: the clock begins anew when the machine does."""
    return replace(failed, at=min(failed.at, now)) if failed else None


def _instance(marked: Marked, known: Instance | None, now: float) -> Instance:
    if known is not None:
        since = min(known.since, now)
        return replace(known, process=marked.process, since=since, launched_at=min(known.launched_at, now))
    said = marked.environment
    return Instance(
        id=said[INSTANCE_MARK],
        zone=said["EVENLY_ZONE"],
        address=said.get(SOCKET) or (f"{said['HOST']}:{said['PORT']}" if "PORT" in said else ""),
        release=int(said["EVENLY_RELEASE"]),
        state=InstanceState.LAUNCHING,
        launched_at=now,
        started_at=timestamp_now(),
        since=now,
        process=marked.process,
    )
