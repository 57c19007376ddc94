"""The scripts are no package: they are loaded by their path."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"


def load(name: str) -> ModuleType:
    if str(SCRIPTS) not in sys.path:
        sys.path.append(str(SCRIPTS))  # they import each other as scripts do
    spec = importlib.util.spec_from_file_location(f"evenly_scripts_{name}", SCRIPTS / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def diagnosis() -> ModuleType:
    return load("diagnosis")


@pytest.fixture(scope="session")
def machine() -> ModuleType:
    return load("machine")


@pytest.fixture(scope="session")
def gate() -> ModuleType:
    return load("gate")


@pytest.fixture(scope="session")
def lock() -> ModuleType:
    return load("lock")
