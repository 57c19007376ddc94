"""`evenly lint` on a folder with anything in it: 0 or 2, and never a traceback."""

import os
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenly.manifest.loading import load
from evenly.manifest.problems import ManifestError
from evenly.manifest.schema import paths

# The folder is the same for all examples, and each writes its own file.
SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
KEYS = sorted({key for path in paths() for key in path.split(".")})
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["a/b", "2-8", "1s"])
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
NAMED = st.dictionaries(st.sampled_from(KEYS), TREES, max_size=4).map(lambda tree: {**tree, "name": "shop"})
FILES = st.binary(max_size=200) | (TREES | NAMED).map(lambda tree: yaml.dump(tree).encode())


@SHARED
@given(FILES)
def test_any_file_is_linted_in_words(evenly, data: bytes) -> None:
    Path("evenly.yaml").write_bytes(data)
    ran = evenly("lint")
    assert ran.code in (0, 2), ran.err
    assert "Traceback" not in ran.out + ran.err
    assert "went wrong" not in ran.err


@SHARED
@given(FILES)
def test_any_file_is_loaded_or_refused(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "evenly.yaml"
    file.write_bytes(data)
    try:
        assert load(file).name
    except ManifestError as error:
        assert str(error).startswith(str(file))


def make_folder(file: Path) -> None:
    file.mkdir()


def make_pipe(file: Path) -> None:
    os.mkfifo(file)


def make_loop(file: Path) -> None:
    file.symlink_to(file)


def make_dangling(file: Path) -> None:
    file.symlink_to("nowhere")


def make_large(file: Path) -> None:
    with file.open("wb") as opened:
        opened.truncate(2**31)


@pytest.mark.parametrize("make", [make_folder, make_pipe, make_loop, make_dangling, make_large])
def test_what_is_no_manifest_at_all_is_refused_in_words(evenly, make) -> None:
    make(Path("evenly.yaml"))
    ran = evenly("lint")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("evenly: evenly.yaml")
