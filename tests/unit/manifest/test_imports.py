"""The types of the manifest are cheap to import: the parser comes only when a file is read."""

import subprocess
import sys

import pytest

import evenly.manifest


def loaded_by(statement: str) -> set[str]:
    program = f"import sys; {statement}; print(*sys.modules)"
    return set(
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        ).stdout.split()
    )


def test_the_types_do_not_bring_the_parser() -> None:
    loaded = loaded_by("import evenly.manifest.types")
    assert "msgspec" in loaded
    assert not loaded & {"yaml", "difflib", "evenly.manifest.parsing"}


def test_a_good_manifest_is_read_without_what_only_errors_need() -> None:
    loaded = loaded_by("from evenly.manifest import parse; parse('name: shop', 'evenly.yaml')")
    assert "yaml" in loaded
    assert "difflib" not in loaded


def test_the_room_offers_what_it_promises() -> None:
    assert all(getattr(evenly.manifest, name) for name in evenly.manifest.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        _ = evenly.manifest.nothing  # type: ignore[attr-defined]
