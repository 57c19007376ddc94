"""Hot restart: what Envoy needs so that its next epoch can take over from the one that runs.

The two speak through sockets in the environment's own folder, which nobody else may enter (Envoy's default, an abstract
socket, is open to every user of the machine). Beside that they share a page of memory, in /dev/shm, whose name comes
from a number, the base id, that no two environments may have in common.
"""

import hashlib
import json
import os
import struct
import sys
from collections.abc import Iterable, Iterator
from itertools import count, islice
from pathlib import Path

from msgspec import Struct

from evenly.local.balancer.bootstrap import bootstrap
from evenly.local.balancer.command import command, envoy_program
from evenly.local.balancer.settings import BalancerSettings

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  where POSIX has it on Linux
BASE_IDS = 1_000_000  # short names: Envoy appends up to 20 bytes to the path of its sockets, which end at 107
NEAR = 16
LONGEST_SUFFIX = len("_udp_parent_9999999")
LONGEST_SOCKET = 107
# Envoy's `SharedMemory` (source/server/hot_restart_impl.h): its size, its version, two locks, and at last its flags.
_SIZE, _VERSION, _FLAGS_AT = 104, 11, 96


class HotRestart(Struct, frozen=True):
    """One epoch's part. `sockets`: the beginning of their path. `drain_s`: within which its clients are asked to leave
    when the next one has taken over; `leave_s`: after which it ends the one before."""

    base_id: int
    epoch: int
    sockets: Path
    drain_s: int
    leave_s: int

    def arguments(self) -> tuple[str, ...]:
        return (
            "--base-id",
            str(self.base_id),
            "--restart-epoch",
            str(self.epoch),
            "--socket-path",
            str(self.sockets),
            "--socket-mode",
            "600",
            "--drain-time-s",
            str(self.drain_s),
            "--parent-shutdown-time-s",
            str(self.leave_s),
        )


def is_possible(sockets: Path) -> bool:
    """Whether this machine has what it takes: Envoy is built with it for Linux alone."""
    fits = len(os.fsencode(sockets)) + LONGEST_SUFFIX <= LONGEST_SOCKET
    return sys.platform == "linux" and fits and os.access(SHARED_MEMORY, os.W_OK | os.X_OK)


def digest(settings: BalancerSettings) -> str:
    """Of all that Envoy takes at its start alone: its bootstrap, its arguments, and the program itself, which is known
    by its size and time."""
    program = envoy_program().stat()
    said = [bootstrap(settings), command(settings), program.st_size, program.st_mtime_ns]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def free_base_id(key: str, shared: Path = SHARED_MEMORY, own_uid: int | None = None) -> int:
    """A number for the environment whose key that is (hexadecimal): the same each time, unless somebody has it."""
    uid = os.geteuid() if own_uid is None else own_uid
    return next(it for it in _candidates(key) if _is_free(shared_memory(it, shared), uid))


def base_ids(key: str) -> tuple[int, ...]:
    """Those that an environment may have had: each time the one before was not free yet, the next."""
    return tuple(islice(_candidates(key), NEAR))


def _candidates(key: str) -> Iterator[int]:
    return ((int(key, 16) + at) % BASE_IDS for at in count())


def shared_memory(base_id: int, shared: Path = SHARED_MEMORY) -> Path:
    """The file that Envoy has for it. It is left behind by an Envoy that ends."""
    return shared / f"envoy_shared_memory_{base_id * 10}"


def forget(base_ids: Iterable[int], shared: Path = SHARED_MEMORY) -> None:
    """Remove what is left of them, where nobody uses it."""
    for it in base_ids:
        file = shared_memory(it, shared)
        if file.exists() and _is_free(file, os.geteuid()):
            file.unlink(missing_ok=True)


def let_begin(base_id: int, shared: Path = SHARED_MEMORY) -> None:
    """An epoch that died before it took over leaves the mark that one is coming, and no other would be let in. To be
    called while none is."""
    with shared_memory(base_id, shared).open("r+b") as file:
        if struct.unpack("<QQ", file.read(16)) == (_SIZE, _VERSION):
            file.seek(_FLAGS_AT)
            file.write(bytes(8))


def _is_free(file: Path, uid: int) -> bool:
    try:
        return file.stat().st_uid == uid and not _is_mapped(file)
    except FileNotFoundError:
        return True


def _is_mapped(file: Path) -> bool:
    """Whether a process has it in its memory, as far as we may see. Asked only where the file exists."""
    name = os.fsencode(file)
    return any(name in _maps(process) for process in Path("/proc").glob("[0-9]*"))


def _maps(process: Path) -> bytes:
    try:
        return (process / "maps").read_bytes()
    except OSError:
        return b""
