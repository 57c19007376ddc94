"""What the tests need of the machine beyond .venv: programs that no wheel brings. Standard library only.

Debian's packages are installed where that is possible without a question: as root, with apt-get. Elsewhere the set-up
says what is missing.
"""

import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from diagnosis import SetupError

# Debian's package would make and start a server of its own; the tests bring theirs.
NO_SERVER = Path("/etc/postgresql-common/createcluster.conf")
# What debootstrap checks Debian's packages by; Ubuntu brings those of its own alone.
KEYS = Path("/usr/share/keyrings")


@dataclass(frozen=True)
class Need:
    """One program: `package` is Debian's name for it, `found` says whether it is there."""

    package: str
    what: str
    found: Callable[[], bool]


def has_postgresql() -> bool:
    return any(Path("/usr/lib/postgresql").glob("*/bin/postgres"))


def has_keys() -> bool:
    return any(KEYS.glob("debian-archive-keyring.*"))


NEEDS = (
    Need("postgresql", "a PostgreSQL with TLS", has_postgresql),
    Need("nodejs", "Node.js", lambda: shutil.which("node") is not None),
    Need("npm", "npm", lambda: shutil.which("npm") is not None),
    Need("chromium", "a browser", lambda: shutil.which("chromium") is not None),
    Need("libnss3-tools", "certutil", lambda: shutil.which("certutil") is not None),
    Need("debootstrap", "debootstrap", lambda: shutil.which("debootstrap") is not None),
    Need("debian-archive-keyring", "Debian's keys", has_keys),
)


def missing(needs: Iterable[Need] = NEEDS) -> tuple[Need, ...]:
    return tuple(need for need in needs if not need.found())


def prepare(run: Callable[[list[str]], None], absent: tuple[Need, ...]) -> None:
    """Installs what is `absent`. `run` runs a command and raises `SetupError` when it fails."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise not_installable(absent)
    if any(need.package == "postgresql" for need in absent) and not NO_SERVER.exists():
        NO_SERVER.parent.mkdir(parents=True, exist_ok=True)
        NO_SERVER.write_text("create_main_cluster = false\n")
    silent = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]
    run([*silent, "update"])
    keep_ours = ["-o", "Dpkg::Options::=--force-confold"]
    run([*silent, *keep_ours, "install", "--no-install-recommends", *(need.package for need in absent)])
    if still := missing(absent):
        raise not_installable(still)


def not_installable(absent: Iterable[Need]) -> SetupError:
    told = ", ".join(f"{need.what} (Debian: {need.package})" for need in absent)
    packages = " ".join(need.package for need in absent)
    return SetupError(
        f"The tests need what is not on this machine: {told}.",
        f"Install it, on Debian and Ubuntu as root with: apt-get install {packages}",
    )
