"""The lock files are in step with pyproject.toml and with each other, and pin everything by hash."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[3]
PIN = re.compile(r"^([A-Za-z0-9_.-]+)==(\S+)", re.MULTILINE)


def text(kind: str) -> str:
    return (ROOT / "requirements" / f"{kind}.txt").read_text()


def pins(kind: str) -> dict[str, str]:
    return {canonicalize_name(name): version for name, version in PIN.findall(text(kind))}


def needed(lock, kind: str) -> list[str]:
    return lock.needs(tomllib.loads((ROOT / "pyproject.toml").read_text()), kind)


@pytest.mark.parametrize("kind", ["run", "aws", "test", "tools", "checkov"])
def test_the_lock_was_made_from_the_present_pyproject(lock, kind):
    assert text(kind).startswith(lock.header(needed(lock, kind))), "pyproject.toml has changed: make lock"


@pytest.mark.parametrize("kind", ["run", "aws", "test", "tools", "checkov"])
def test_every_need_is_pinned_to_a_version_it_allows(lock, kind):
    for need in map(Requirement, needed(lock, kind)):
        assert pins(kind)[canonicalize_name(need.name)] in need.specifier


@pytest.mark.parametrize("kind", ["run", "aws", "test", "tools", "checkov"])
def test_every_pin_has_hashes_and_nothing_comes_from_an_address(kind):
    entries = re.split(r"\n(?=[A-Za-z])", text(kind).split("\n", 2)[2])
    assert entries
    for entry in entries:
        assert "--hash=sha256:" in entry, entry.split()[0]
    assert "://" not in text(kind)


def test_the_tests_run_the_versions_that_users_get():
    assert pins("run").items() <= pins("aws").items() <= pins("test").items()


def test_a_changed_need_changes_the_fingerprint(lock):
    assert lock.fingerprint(["click>=8"]) != lock.fingerprint(["click>=8.2"])
    assert lock.fingerprint(["a", "b"]) == lock.fingerprint(["b", "a"])
