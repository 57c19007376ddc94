"""Is this machine fit for an environment, and is anything left over of one that is gone? Looks, and changes nothing.

Each check is a function of what it looks at, so that it can be tried on a machine that never was.
"""

import os
import platform
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import psutil
from msgspec import Struct

from evenly.core.topology import HTTP_PORT, HTTPS_PORT
from evenly.errors import EvenlyError
from evenly.local import ports
from evenly.local.balancer import envoy_program, loopback_addresses
from evenly.local.certificates import CertificateFiles
from evenly.local.certificates.keys import read_certificate
from evenly.local.leftovers import LeftOver, damaged_files, left_overs
from evenly.local.listening import is_beyond_loopback
from evenly.local.paths import Paths
from evenly.local.postgres import find
from evenly.local.postgres.server import check_socket_path
from evenly.local.privileges import account
from evenly.local.processes import find_marked
from evenly.local.settings import read_settings
from evenly.manifest.types import Manifest

OLDEST_PYTHON = (3, 11)
PROGRAM_TIMEOUT_S = 20.0
GIB = 1024**3
LEAST_DISK_BYTES, WANTED_DISK_BYTES = GIB // 4, GIB  # a database begins with 40 MB and its log grows to 1 GiB
LEAST_MEMORY_BYTES, WANTED_MEMORY_BYTES = GIB // 4, GIB  # balancer 90 MB, database 150 MB, an instance 60 MB
LEAST_FILES, WANTED_FILES = 256, 1024  # two for each request under way in the balancer


_ENVOY_VERSION = re.compile(r"version: [0-9a-f]+/([0-9.]+)/")


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"  # it works, but not as well, or something is left over
    PROBLEM = "problem"  # `up` can't work


class Diagnosis(Struct, frozen=True):
    """What one check found about `topic`; `try_` only where there is something to do."""

    level: Level
    topic: str
    what: str
    try_: str | None = None


def ok(topic: str, what: str) -> Diagnosis:
    return Diagnosis(Level.OK, topic, what)


def warning(topic: str, what: str, try_: str) -> Diagnosis:
    return Diagnosis(Level.WARNING, topic, what, try_)


def problem(topic: str, what: str, try_: str) -> Diagnosis:
    return Diagnosis(Level.PROBLEM, topic, what, try_)


def examine(paths: Paths, manifest: Manifest) -> Iterator[Diagnosis]:
    """All checks, for the environment at `paths` with `manifest`, each as soon as it is done."""
    yield python(sys.version_info[:3], platform.python_implementation())
    yield system(sys.platform, platform.machine())
    yield program("balancer", lambda: envoy_program())
    if manifest.database and not manifest.database.url_from:
        version = manifest.database.version
        yield program("database", lambda: find(version).postgres)
        yield database_account(os.geteuid())
    running = bool(find_marked(paths.home))
    settings = read_settings(paths)
    own = (settings.https_port, settings.http_port) if settings and running else ()
    yield port("port of HTTPS", manifest.http.port, HTTPS_PORT, own)
    yield port("port of HTTP", manifest.http.redirect_port, HTTP_PORT, own)
    yield networks(range(1, manifest.zones + 1), sys.platform)
    yield ipv6(loopback_addresses())
    yield room(shutil.disk_usage(paths.project).free)
    yield memory(psutil.virtual_memory().available)
    yield files(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    yield sockets(paths.database_sockets)
    yield writable(paths.project)
    yield from (damaged(it) for it in damaged_files(paths))
    yield authority(CertificateFiles(paths.certificates), datetime.now(UTC))
    yield listening(settings.listen if settings and running else ())
    found = left_overs()
    yield from (left_over(it) for it in found)
    if not found:
        yield ok("left over", "nothing")


def python(version: tuple[int, ...], implementation: str) -> Diagnosis:
    told = f"{implementation} {'.'.join(map(str, version))}"
    if version[:2] < OLDEST_PYTHON or implementation != "CPython":
        return problem("Python", f"{told} is not supported", "Use CPython 3.11 or newer.")
    return ok("Python", told)


def system(name: str, machine: str) -> Diagnosis:
    told = f"{name} on {machine}"
    if name == "win32":
        return problem("system", told, "Use the Windows Subsystem for Linux (WSL 2).")
    if name == "darwin":
        return warning("system", f"{told}: built for, but not proved", "Tell us how it went.")
    return ok("system", told)


def program(topic: str, where: Callable[[], Path]) -> Diagnosis:
    """Whether a program of a wheel is there and says its version."""
    try:
        path = where()
        ran = subprocess.run([path, "--version"], capture_output=True, timeout=PROGRAM_TIMEOUT_S, check=False)
    except EvenlyError as error:
        return problem(topic, error.what, error.try_ or "Install evenly again.")
    except (OSError, subprocess.TimeoutExpired) as error:
        return problem(
            topic, f"it does not run: {error}", "Install evenly again, on a system its wheels fit."
        )
    if ran.returncode:
        said = ran.stderr.decode(errors="replace").strip().splitlines()
        why = said[-1] if said else f"code {ran.returncode}"
        return problem(topic, f"it does not run: {why}", "Install evenly again, on a system its wheels fit.")
    return ok(topic, _version(ran.stdout))


def _version(said: bytes) -> str:
    """`postgres (PostgreSQL) 18.4` as it is; of Envoy's line the version number alone."""
    text = said.decode(errors="replace").strip()
    found = _ENVOY_VERSION.search(text)
    return f"Envoy {found[1]}" if found else text


def database_account(euid: int) -> Diagnosis:
    """Whom PostgreSQL runs as."""
    try:
        found = account(euid)
    except EvenlyError as error:
        return problem("database's account", error.what, error.try_ or "Run evenly as an ordinary user.")
    return ok("database's account", f"{found.name}, since PostgreSQL refuses root" if found else "your own")


def port(topic: str, said: int | None, default: int, own: tuple[int, ...]) -> Diagnosis:
    """`own`: the ports of this environment, if it runs."""
    wanted = default if said is None else said
    if wanted in own:
        return ok(topic, f"{wanted}, held by this environment")
    try:
        if all(ports.is_free(address, wanted) for address in loopback_addresses()):
            return ok(topic, f"{wanted} is free")
    except EvenlyError as error:
        return problem(topic, error.what, error.try_ or "Choose another port.")
    what = f"{wanted} is taken{ports.holder(wanted)}"
    if said is None:
        return warning(topic, what, "Nothing: up takes the next free one. Or set http.port yourself.")
    return problem(topic, what, "Free it, or set another port in evenly.yaml.")


def networks(zones: range, name: str) -> Diagnosis:
    """Whether each zone can have a loopback network of its own."""
    unusable = [zone for zone in zones if not ports.can_bind(f"127.0.{zone}.10")]
    if not unusable:
        return ok("zone networks", ", ".join(f"127.0.{zone}.0/24" for zone in zones))
    if name != "linux":
        return ok("zone networks", "none on this system: zones differ by port")
    told = ", ".join(f"127.0.{zone}.10" for zone in unusable)
    return warning("zone networks", f"{told} can't be used: zones differ by port", "ip addr show lo")


def ipv6(addresses: tuple[str, ...]) -> Diagnosis:
    return ok("IPv6", "::1 is there" if "::1" in addresses else "off: it listens on 127.0.0.1 alone")


def room(free: int) -> Diagnosis:
    told = f"{free / GIB:.1f} GiB free"
    if free < LEAST_DISK_BYTES:
        return problem("disk", told, "Make room: a database needs 0.25 GiB to begin with.")
    if free < WANTED_DISK_BYTES:
        return warning("disk", told, "Make room: a busy database's log takes up to 1 GiB.")
    return ok("disk", told)


def memory(available: int) -> Diagnosis:
    told = f"{available / GIB:.1f} GiB available"
    if available < LEAST_MEMORY_BYTES:
        return problem("memory", told, "End other programs: the smallest environment takes 0.25 GiB.")
    if available < WANTED_MEMORY_BYTES:
        return warning("memory", told, "End other programs, or hold fewer instances.")
    return ok("memory", told)


def files(limit: int) -> Diagnosis:
    told = "no limit" if limit in (resource.RLIM_INFINITY, -1) else f"{limit} may be open"
    if limit in (resource.RLIM_INFINITY, -1) or limit >= WANTED_FILES:
        return ok("open files", told)
    if limit < LEAST_FILES:
        return problem("open files", told, f"ulimit -n {WANTED_FILES}")
    return warning("open files", told, f"ulimit -n {WANTED_FILES}")


def sockets(folder: Path) -> Diagnosis:
    """Whether the runtime folder can be made and its paths are short enough for a socket."""
    root = folder.parent.parent
    try:
        check_socket_path(folder)
    except EvenlyError as error:
        return problem("sockets", f"{folder}: {error.what}", error.try_ or "Set XDG_RUNTIME_DIR.")
    if not os.access(root, os.W_OK | os.X_OK):
        return problem(
            "sockets", f"{root} can't be written to", "Set XDG_RUNTIME_DIR to a folder of your own."
        )
    return ok("sockets", str(folder.parent))


def writable(project: Path) -> Diagnosis:
    if os.access(project, os.W_OK | os.X_OK):
        return ok("folder", str(project))
    return problem("folder", f"{project} can't be written to", "Run evenly in a folder of your own.")


def authority(files: CertificateFiles, now: datetime) -> Diagnosis:
    """When the certificate authority ends, and whether the next one is to be trusted already."""
    found = read_certificate(files.ca.read_bytes()) if files.ca.exists() else None
    if found is None:
        return ok("authority", "made by the first up")
    ends = f"valid until {found.not_valid_after_utc:%Y-%m-%d}"
    if files.next.exists():
        return warning("authority", f"{ends}; the next one is there", "Have it trusted too: evenly trust")
    if now >= found.not_valid_after_utc:
        return warning("authority", f"has ended ({ends})", "Nothing: up makes another. Then: evenly trust")
    return ok("authority", ends)


def listening(addresses: tuple[str, ...]) -> Diagnosis:
    beyond = [it for it in addresses if is_beyond_loopback(it)]
    if beyond:
        told = f"others can reach it at {', '.join(beyond)}"
        return warning("listens", told, "To end that: evenly down, then evenly up without --listen")
    return ok("listens", "on this machine alone")


def damaged(file: Path) -> Diagnosis:
    return warning("damaged state", f"{file} was kept aside", "Look at it, then delete it.")


def left_over(it: LeftOver) -> Diagnosis:
    return warning("left over", it.what, "evenly doctor --clean" if it.cleanable else it.by_hand)
