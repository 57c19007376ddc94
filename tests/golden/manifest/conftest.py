"""Finds the cases of this folder; `pytest --regenerate` writes what is said now, to be read before it is kept."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regenerate", action="store_true", help="write the golden files of the manifest anew")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for folder in ("broken", "good"):
        if folder in metafunc.fixturenames:
            cases = sorted((HERE / folder).glob("*.yaml"))
            metafunc.parametrize(folder, cases, ids=[case.stem for case in cases])


@pytest.fixture
def regenerate(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--regenerate"))
