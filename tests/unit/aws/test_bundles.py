"""Assets: the same folder is the same zip, wherever and whenever it is made."""

import io
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from evenly.aws.packages.bundles import Bundle, asset_of, bundle, zipped
from evenly.errors import StateError

PIN = "six==1.17.0 --hash=sha256:0\n"


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    folder = tmp_path / "assets"
    (folder / "door" / "inner").mkdir(parents=True)
    (folder / "door" / "door.py").write_text("x = 1\n")
    (folder / "door" / "inner" / "more.py").write_text("y = 2\n")
    return folder


def entries(made: Bundle) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        return {it.filename: archive.read(it) for it in archive.infolist()}


class Pip:
    """What pip downloads, without pip: a wheel with one module."""

    def __init__(self) -> None:
        self.commands: list[Sequence[str]] = []

    def __call__(self, command: Sequence[str]) -> None:
        self.commands.append(command)
        place = Path(command[command.index("--dest") + 1])
        with zipfile.ZipFile(place / "six-1.17.0-py2.py3-none-any.whl", "w") as wheel:
            wheel.writestr("six.py", "s = 6\n")


def test_the_same_folder_is_the_same_zip_whatever_its_times_modes_and_leavings(
    assets: Path, tmp_path: Path
) -> None:
    first = bundle("door", tmp_path, assets)
    door = assets / "door" / "door.py"
    door.chmod(0o755)
    os.utime(door, (1, 1))
    (assets / "door" / "__pycache__").mkdir()
    (assets / "door" / "__pycache__" / "door.cpython-311.pyc").write_bytes(b"x")
    (assets / "door" / ".DS_Store").write_bytes(b"x")
    second = bundle("door", tmp_path, assets)
    assert first.content == second.content
    assert [*entries(first)] == ["door.py", "inner/more.py"]


def test_a_change_is_another_key(assets: Path, tmp_path: Path) -> None:
    before = bundle("door", tmp_path, assets)
    (assets / "door" / "door.py").write_text("x = 2\n")
    assert bundle("door", tmp_path, assets).key != before.key
    assert before.key == f"assets/door-{before.sha256[:16]}.zip"


def test_the_bytes_of_a_zip_are_these() -> None:
    """A hash that changes here would change every function of every environment."""
    made = Bundle("door", zipped({"b.py": b"b\n", "a/a.py": b"a\n"}))
    assert made.sha256 == "2617dcf368d00e24e7b6b3e86066fd59d663b3590e5bea3c724fc67fb56846d0"


def test_every_entry_can_be_read_by_everybody(assets: Path, tmp_path: Path) -> None:
    made = bundle("door", tmp_path, assets)
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        assert {it.external_attr >> 16 & 0o777 for it in archive.infolist()} == {0o644}
        assert {it.date_time for it in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_wheels_go_with_the_code_and_are_downloaded_once(assets: Path, tmp_path: Path) -> None:
    (assets / "door" / "requirements.txt").write_text(f"# pip: --python-version 3.13\n{PIN}")
    pip = Pip()
    first = bundle("door", tmp_path / "wheels", assets, pip)
    second = bundle("door", tmp_path / "wheels", assets, pip)
    assert "wheels/six-1.17.0-py2.py3-none-any.whl" in entries(first)
    assert first.content == second.content
    (command,) = pip.commands
    assert {"--require-hashes", "--only-binary", "--no-deps"} <= {*command}
    assert command[command.index("--python-version") + 1] == "3.13"


def test_other_pins_are_other_wheels(assets: Path, tmp_path: Path) -> None:
    pip = Pip()
    for pins in (PIN, PIN.replace("1.17", "1.18")):
        (assets / "door" / "requirements.txt").write_text(pins)
        bundle("door", tmp_path / "wheels", assets, pip)
    assert len(pip.commands) == 2


def test_a_download_that_failed_is_none(assets: Path, tmp_path: Path) -> None:
    (assets / "door" / "requirements.txt").write_text(PIN)

    def fails(_: Sequence[str]) -> None:
        raise StateError("no network", where="package")

    with pytest.raises(StateError):
        bundle("door", tmp_path / "wheels", assets, fails)
    assert "wheels/six-1.17.0-py2.py3-none-any.whl" in entries(
        bundle("door", tmp_path / "wheels", assets, Pip())
    )


@pytest.mark.parametrize(
    ("parameter", "name"),
    [
        ("DoorCode", "door"),
        ("BigDoorCode", "big-door"),
        ("Code", None),
        ("OtherCode", None),
        ("DoorArn", None),
    ],
)
def test_a_parameter_names_its_asset(assets: Path, parameter: str, name: str | None) -> None:
    (assets / "big-door").mkdir()
    assert asset_of(parameter, assets) == name
    if name:
        assert Bundle(name, b"").parameter == parameter
