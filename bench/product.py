"""Evenly as its user has it: the command, and what `evenly status --json` says."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil

from bench.processes import RefusedError
from bench.room import evenly
from evenly.core.status import EnvironmentState, EnvironmentStatus, InstanceState
from evenly.local.processes import find_marked

COMMAND_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Product:
    """The local environment of the manifest in `folder`, or of a folder without one."""

    folder: Path

    @contextmanager
    def running(self, least: int, most: int | None = None, more: str = "") -> Iterator["Product"]:
        """Up and healthy with `least` instances, and with leave to hold up to `most`; gone in the end.

        `more`: what the manifest says besides.
        """
        count = f"count: {{range: {least}-{most or least}}}"
        (self.folder / "evenly.yaml").write_text(f"name: bench\n{count}\n{more}")
        try:
            self.up()
            yield self
        finally:
            self.delete()

    def up(self) -> None:
        self._do("up", "--detach")

    def down(self) -> None:
        self._do("down")

    def delete(self) -> None:
        """Down, and its data deleted: as root that lies outside of its folder."""
        self._do("down", "--delete-data", "--confirm", "local")

    def dashboard(self) -> str:
        """The URL of its dashboard, which is started if none runs."""
        return self._do("open", "--print").strip()

    def scale(self, count: int) -> None:
        self._do("scale", str(count))

    def status(self) -> EnvironmentStatus:
        return msgspec.json.decode(self._do("status", "--json"), type=EnvironmentStatus)

    def start_up(self) -> "subprocess.Popen[bytes]":
        """`evenly up --detach`, not waited for."""
        output = (self.folder / "up.log").open("ab")
        with output:
            return subprocess.Popen(
                [evenly(), "up", "--detach"],
                cwd=self.folder,
                env=_environment(),
                stdout=output,
                stderr=output,
            )

    def journal(self) -> list[dict[str, object]]:
        """What the supervisor did, in order: `at` (RFC 3339), `action`, and more."""
        file = self.folder / ".evenly" / "local" / "journal.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()]

    def _do(self, *arguments: str) -> str:
        done = subprocess.run(
            [evenly(), *arguments],
            cwd=self.folder,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=COMMAND_WITHIN_S,
        )
        if done.returncode:
            raise RefusedError(f"evenly {arguments[0]} failed: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout


def is_whole(status: EnvironmentStatus) -> bool:
    """Whether every desired instance serves."""
    return status.state is EnvironmentState.HEALTHY and len(healthy_ids(status)) == status.desired


def healthy_ids(status: EnvironmentStatus) -> set[str]:
    return {
        instance.id
        for zone in status.zones
        for instance in zone.instances
        if instance.state is InstanceState.HEALTHY
    }


def parts(status: EnvironmentStatus, folder: Path) -> dict[str, list[int]]:
    """The processes of each part of the environment in `folder`."""
    instances = [each.pid for zone in status.zones for each in zone.instances if each.pid]
    marked = find_marked(folder / ".evenly" / "local")
    return {
        "balancer": _known(status.balancer.pid),
        "app": instances,
        "database": _known(status.database.pid if status.database else None),
        "supervisor": _known(status.supervisor.pid),
        **{
            role: [each.process.pid for each in marked if each.role == role]
            for role in ("watchdog", "dashboard")
        },
    }


def database_url(status: EnvironmentStatus) -> str:
    """Where an instance's database is, as the instance was told."""
    pid = next(each.pid for zone in status.zones for each in zone.instances if each.pid)
    return psutil.Process(pid).environ()["DATABASE_URL"]


def _known(pid: int | None) -> list[int]:
    return [pid] if pid else []


def _environment() -> dict[str, str]:
    """As at a user's prompt: nothing of this environment's own, and no live view."""
    return {name: value for name, value in os.environ.items() if not name.startswith("EVENLY_")}
