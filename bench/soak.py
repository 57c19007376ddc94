"""Ten minutes of load (`--minutes`) with a fault every 20 s, chosen by a printed seed (`--seed`): an instance dies, or
hangs, or has its zone lost; the database's primary dies; the supervisor dies.

Counted: failed requests, all of them idempotent. Measured every few seconds: the memory of its own (USS) and the open
files of a process, on the average of all of supervisor, balancer, instances and database. A line is laid through the
memory from the middle of the run on, when caches are there; what it says at the end is compared with what it says at
its beginning. Most open files are connections, and each fault opens many that are closed when they have been idle. So
the same load goes on without a fault before the first and after the last, and the ends of these two are compared. The
supervisor dies in the first third alone, so that one of them lives long.
"""

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import msgspec
import psutil

from bench.figures import Findings
from bench.idle import wait_until_whole
from bench.processes import RefusedError
from bench.product import Product, healthy_ids, parts
from bench.room import Room
from bench.soaked import ROLES, Sample, Seen, findings
from evenly.core.status import EnvironmentStatus
from evenly.errors import StateError
from evenly.local.control import AskStatus, NotRunningError, ask
from evenly.local.faults import LocalFaults
from evenly.local.paths import Paths
from evenly.local.settings import find_paths
from evenly.verify.drilling import Sent
from evenly.verify.load import LoadPlan, LoadResult
from evenly.verify.sending import READY

COUNT = 4
RATE = 100.0
EACH_S = 20.0
LASTS_S = 5.0
SAMPLE_S = 2.0


def measure(room: Room) -> Findings:
    with room.folder() as folder, Product(folder).running(COUNT) as product:
        seen = Seen(room.seed, room.minutes * 60)
        room.say(f"{room.minutes:g} minutes, seed {room.seed}")
        environment = Environment(find_paths(folder), folder, product)
        environment.wait_in_sync()
        with loaded(product.status()) as ended:
            _soak(room, environment, seen)
        result = ended()
        seen.requests, seen.failed, seen.longest_ms = result.requests, result.errors, result.latency.max_ms
    if result.void:
        room.say(f"{result.void} No latency is judged here, so the rest stands.")
    return findings(seen)


@dataclass(frozen=True, slots=True)
class Environment:
    paths: Paths
    folder: Path
    product: Product

    def status(self) -> EnvironmentStatus | None:
        with contextlib.suppress(NotRunningError):
            return ask(self.paths.control_socket, AskStatus()).status
        return None

    def is_well(self) -> bool:
        """All serves, and the database's standby is in sync."""
        status = self.status()
        members = status.database_members if status else ()
        whole = status is not None and len(healthy_ids(status)) == status.desired
        return whole and any(it.in_sync for it in members)

    def wait_in_sync(self) -> None:
        wait_until_whole(self.product)
        until = time.monotonic() + 60
        while not self.is_well():
            if time.monotonic() > until:
                raise RefusedError("The database has no standby in sync after 60 s.")
            time.sleep(0.2)


@contextlib.contextmanager
def loaded(status: EnvironmentStatus) -> Iterator[Callable[[], LoadResult]]:
    """Requests from a process of their own, from before the block until its end; then what came of them."""
    plan = LoadPlan(
        status.urls.https, RATE, 24 * 3600.0, ca_file=Path(status.ca_certificate), connections=round(RATE)
    )
    command = [sys.executable, "-m", "evenly.verify.sending"]
    told: list[bytes] = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as sender:
        if sender.stdin is None or sender.stdout is None:
            raise RefusedError("The sender could not be started.")
        sender.stdin.write(msgspec.json.encode(plan, enc_hook=str) + b"\n")
        sender.stdin.flush()
        if sender.stdout.readline() != READY:
            raise RefusedError("The sender could not begin.")
        yield lambda: msgspec.msgpack.decode(told[0], type=Sent).load
        told.append(sender.communicate(b"", timeout=120)[0])


def _soak(room: Room, environment: Environment, seen: Seen) -> None:
    began = time.monotonic()

    def watch() -> None:
        status = environment.status()
        if status:
            at = time.monotonic() - began
            seen.samples.append(sample(at, parts(status, environment.folder), environment))
        time.sleep(SAMPLE_S)

    _be_calm(seen, watch)
    _do_harm(room, environment, seen, watch)
    environment.wait_in_sync()
    _be_calm(seen, watch)


def _be_calm(seen: Seen, watch: Callable[[], None]) -> None:
    until = time.monotonic() + seen.calm_s
    while time.monotonic() < until:
        watch()


def _do_harm(room: Room, environment: Environment, seen: Seen, watch: Callable[[], None]) -> None:
    chosen = Random(seen.seed)  # noqa: S311
    began = time.monotonic()
    next_at = 0.0
    while (now := time.monotonic() - began) < seen.seconds:
        watch()
        if next_at <= now < seen.seconds - EACH_S and environment.is_well():
            name = chosen.choice(kinds(now, seen.seconds))
            room.say(f"{now:4.0f} s  {name}")
            seen.faults.append((seen.calm_s + now, name))
            _do(name, environment, chosen)
            next_at = now + EACH_S


def kinds(now: float, seconds: float) -> Sequence[str]:
    """The faults to choose from, at that time of so many seconds."""
    always = ("instance", "hang", "zone", "database")
    return (*always, "supervisor") if now < seconds / 3 else always


def _do(name: str, environment: Environment, chosen: Random) -> None:
    """Puts one fault in, and takes it out again. One that can't be now, for what is still being mended, is let be."""
    faults = LocalFaults(environment.paths)
    status = environment.status()
    ids = sorted(healthy_ids(status)) if status else []
    with contextlib.suppress(StateError):
        match name:
            case "instance":
                faults.kill_instance(chosen.choice(ids))
            case "hang":
                _for_a_while(partial(faults.hang_instance, ids[0]), partial(faults.resume_instance, ids[0]))
            case "zone":
                _for_a_while(partial(faults.lose_zone, "local-b"), partial(faults.return_zone, "local-b"))
            case "database":
                faults.fail_database_over()
            case _:
                faults.kill_supervisor()


def _for_a_while(begin: Callable[[], None], end: Callable[[], None]) -> None:
    begin()
    try:
        time.sleep(LASTS_S)
    finally:
        end()


def sample(at: float, by_role: Mapping[str, Sequence[int]], environment: Environment) -> Sample:
    """What the processes of each role hold now; those of the database with what they have started."""
    status = environment.status()
    members = [it.pid for it in status.database_members if it.pid] if status else []
    pids = {**by_role, "database": members}
    trees = {role: _processes(pids[role], with_children=role == "database") for role in ROLES}
    held = {role: [_held(it) for it in them] for role, them in trees.items()}
    known = {role: [it for it in them if it is not None] for role, them in held.items()}
    return Sample(
        round(at, 1),
        {role: _mean([memory for memory, _ in them]) for role, them in known.items()},
        {role: _mean([files for _, files in them]) for role, them in known.items()},
        {role: len(pids[role]) for role in ROLES},
    )


def _mean(figures: Sequence[float]) -> float:
    return sum(figures) / len(figures) if figures else 0.0


def _processes(pids: Sequence[int], *, with_children: bool) -> list[psutil.Process]:
    found = []
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            found += [process, *(process.children() if with_children else ())]
    return found


def _held(process: psutil.Process) -> tuple[float, int] | None:
    """Memory of its own in MB, and open files; `None`: it has just ended."""
    with contextlib.suppress(psutil.Error):
        return process.memory_full_info().uss / 1e6, process.num_fds()
    return None
