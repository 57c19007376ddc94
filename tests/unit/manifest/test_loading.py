"""Files as they are found on a disk: missing, misnamed, unreadable, or something else altogether."""

import os
from pathlib import Path

import pytest

from evenly.errors import ExitCode, UsageError
from evenly.manifest import ManifestError, default_manifest, load
from evenly.manifest.types import Manifest


def said(path: Path) -> str:
    with pytest.raises(ManifestError) as raised:
        load(path)
    return str(raised.value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "My Shop"
    folder.mkdir()
    return folder / "evenly.yaml"


def test_a_folder_without_a_manifest_runs_the_default(file: Path) -> None:
    assert load(file) == Manifest(name="my-shop") == default_manifest(file.parent)


def test_no_path_means_the_current_folder(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    assert load(None) == Manifest(name="my-shop") == load(Path("evenly.yaml"))
    file.write_text("name: shop\n")
    assert load(None) == Manifest(name="shop")
    file.write_text("")
    assert load(None) == Manifest(name="my-shop")


def test_the_default_is_named_after_the_real_folder(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    assert default_manifest(Path()) == Manifest(name="my-shop")


def test_an_error_is_one_of_use_and_names_the_file(file: Path) -> None:
    file.write_text("name: shop\nzones: 1\nprot: 2\n")
    with pytest.raises(UsageError) as raised:
        load(file)
    assert raised.value.exit_code is ExitCode.USAGE
    assert [line.startswith(f"{file}:") for line in str(raised.value).splitlines()] == [True, True]


def test_another_file_has_to_be_there(file: Path) -> None:
    other = file.with_name("other.yaml")
    assert (
        said(other) == f"{other}: there is no such file. Check the path, or make a manifest with: evenly init"
    )
    lost = file.parent / "lost" / "evenly.yaml"
    assert said(lost).startswith(f"{lost}: there is no such file.")


def test_a_yml_file_is_not_passed_over(file: Path) -> None:
    other = file.with_name("evenly.yml")
    other.write_text("name: shop\n")
    assert said(file) == (
        f"{other}: the manifest has to be named evenly.yaml. Rename it: mv evenly.yml evenly.yaml"
    )
    file.write_text("name: shop\n")
    assert load(file) == Manifest(name="shop")


def test_a_folder_in_its_place(file: Path) -> None:
    file.mkdir()
    assert said(file) == f"{file}: is a folder, where a file belongs. Move it away, or name another file."


def test_a_pipe_in_its_place_is_not_waited_for(file: Path) -> None:
    os.mkfifo(file)
    assert said(file) == f"{file}: is not a plain file. Name a file with the manifest's text."


def test_a_link_that_leads_nowhere(file: Path) -> None:
    file.symlink_to("nowhere")
    assert said(file) == (
        f"{file}: cannot be read: no such file or directory. Check the file and its permissions."
    )


def test_a_link_to_itself(file: Path) -> None:
    file.symlink_to(file.name)
    assert said(file).startswith(f"{file}: cannot be read: too many levels of symbolic links.")


def test_a_file_that_is_too_large(file: Path) -> None:
    file.write_text("name: shop\nx-a: " + "a" * 1024 * 1024 + "\n")
    assert said(file) == f"{file}: the file is larger than 1 MiB. Keep only what the manifest needs."
