"""A disk that is full or can't be written to, for real: small file systems of our own under the state and the data."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="mounting a file system takes root, on Linux"
)
MANIFEST = "count: {range: 2-4}\ndatabase: {multi_zone: false}\n"
STATE_MB, DATA_MB = 96, 256
CHUNK = b"x" * 65536


@contextlib.contextmanager
def mounted(folder: Path, size_mb: int) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m,mode=0755", "evenly-test", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="module")
def shared(make_shared: Any) -> Iterator[Any]:
    """An environment whose state is on one small file system, and its data on another."""
    made = make_shared()
    with mounted(made.folder, STATE_MB), mounted(made.root_data, DATA_MB):
        made.write_manifest(MANIFEST)
        made.up()
        try:
            yield made
        finally:
            made.down()


@contextlib.contextmanager
def full(folder: Path) -> Iterator[None]:
    """Not a byte is left in the file system of `folder`."""
    filler = folder / "filler"
    try:
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(CHUNK)
        yield
    finally:
        filler.unlink()


def test_a_full_disk_under_the_state_ends_nothing_and_is_said(shared: Any) -> None:
    kept, served, release = shared.posts("It has to survive"), shared.serving, shared.look().release
    supervisor = shared.part_pids["supervisor"]
    shared.write_manifest(MANIFEST + "variables: {COLOUR: red}\n")
    with full(shared.folder):
        os.kill(next(iter(served.values())), signal.SIGKILL)
        shared.wait_for(lambda: len(shared.serving) == 1, 30, "the loss of one")
        assert shared.get(f"/greetings/{kept['id']}").json() == kept
        assert "make room, or no instance can be replaced" in shared.run("status").stdout
        refused = shared.run("deploy")
        assert (refused.returncode, "No space left on device" in refused.stderr) == (4, True), refused.stderr
        assert not (shared.home / "releases" / ".making").exists()
    shared.wait_for(lambda: len(shared.serving) == 2, 60, "another in its place")
    assert (shared.part_pids["supervisor"], shared.look().release) == (supervisor, release)
    assert "make room" not in shared.run("status").stdout
    assert shared.get(f"/greetings/{kept['id']}").json() == kept


def test_a_full_disk_under_the_data_loses_nothing_that_was_acknowledged(shared: Any) -> None:
    acknowledged = []
    with full(shared.root_data):
        for number in range(200):
            with contextlib.suppress(AssertionError, OSError):
                acknowledged.append(shared.posts(f"{number} " + "x" * 900))
            if len(acknowledged) <= number:
                break
        else:
            pytest.fail("a full disk took 200 rows")
    shared.wait_healthy()
    after = shared.wait_for(lambda: posted(shared), 30, "a row that is taken again")
    for it in (*acknowledged, after):
        assert shared.get(f"/greetings/{it['id']}").json() == it


def test_a_file_system_that_can_only_be_read_is_said_by_every_command_and_costs_nothing(shared: Any) -> None:
    kept = shared.posts("It has to survive this too")
    shared.down()
    subprocess.run(["mount", "-o", "remount,ro", str(shared.folder)], check=True)
    try:
        refused = shared.run("up", "--detach")
        assert (refused.returncode, "ead-only file system" in refused.stderr) == (4, True), refused.stderr
        assert "went wrong" not in refused.stderr
        assert shared.pids() == []
        assert shared.run("status").returncode == 0
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(shared.folder)], check=True)
    shared.up()
    assert shared.get(f"/greetings/{kept['id']}").json() == kept


def posted(made: Any) -> dict[str, Any] | None:
    with contextlib.suppress(AssertionError, OSError):
        return made.posts("There is room again")
    return None
