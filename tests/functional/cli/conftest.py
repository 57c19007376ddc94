"""The command line as people run it: its own process, in a folder of its own, on ports of its own."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with a manifest."""

    folder: Path

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "evenly", *arguments]

    def environment(self) -> dict[str, str]:
        return {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}

    def run(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(),
            input=typed,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )

    def status(self) -> dict[str, Any]:
        return dict(json.loads(self.run("status", "--json").stdout))

    def settled(self) -> dict[str, Any]:
        """The status once the database's standby is in sync: until then it changes by itself."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            status = self.status()
            if any(it["in_sync"] for it in status["database_members"]):
                return status
        raise AssertionError("The standby did not come to be in sync.")


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project that is taken down, with its data, whatever happened to it."""
    folder = tmp_path_factory.mktemp("shop")
    https, http = free_ports(2)
    manifest = f"name: shop\nhttp: {{port: {https}, redirect_port: {http}}}\ncount: {{range: 2-4}}\n"
    (folder / "evenly.yaml").write_text(manifest)
    made = Project(folder)
    try:
        yield made
    finally:
        ended = made.run("down", "--delete-data", "--confirm", "local")
        assert ended.returncode == 0, ended.stderr
