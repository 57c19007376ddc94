"""State files: written in one step, versioned, and kept aside when they are damaged."""

import contextlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenly.errors import StateError
from evenly.local import state


class Thing(msgspec.Struct, frozen=True):
    count: int


def test_what_was_written_is_read(tmp_path: Path) -> None:
    file = tmp_path / "thing.json"
    state.write(file, Thing(3), version=1)
    assert state.read(file, Thing, version=1) == Thing(3)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [it.name for it in tmp_path.iterdir()] == ["thing.json"]


def test_no_file_is_none(tmp_path: Path) -> None:
    assert state.read(tmp_path / "thing.json", Thing, version=1) is None


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[]", b'{"version":1}', b'{"version":1,"data":{"count":"x"}}', b'{"data":{}}'],
)
def test_a_damaged_file_is_kept_aside_and_reported(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "thing.json"
    file.write_bytes(content)
    with pytest.raises(state.DamagedError, match="damaged") as caught:
        state.read(file, Thing, version=1)
    assert not file.exists()
    assert caught.value.aside.read_bytes() == content
    assert caught.value.aside.name == "thing.json.damaged-1"


def test_each_damage_keeps_a_file_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "thing.json"
    for number in (1, 2):
        file.write_bytes(b"{")
        with pytest.raises(state.DamagedError):
            state.read(file, Thing, version=1)
        assert (tmp_path / f"thing.json.damaged-{number}").exists()


def test_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "thing.json"
    state.write(file, Thing(3), version=2)
    with pytest.raises(StateError, match=r"version 2, and this Evenly \(.*\) knows version 1"):
        state.read(file, Thing, version=1)
    assert file.exists()


@given(st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_rubbish_never_ends_in_anything_but_an_answer(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "thing.json"
    file.write_bytes(content)
    with contextlib.suppress(StateError):
        state.read(file, Thing, version=1)


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    with (
        state.lock(file, StateError("busy")),
        pytest.raises(StateError, match="busy"),
        state.lock(file, StateError("busy")),
    ):
        pass
    with state.lock(file, StateError("busy")):
        pass
