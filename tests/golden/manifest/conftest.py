"""Finds the cases of this folder."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for folder in ("broken", "good"):
        if folder in metafunc.fixturenames:
            cases = sorted((HERE / folder).glob("*.yaml"))
            metafunc.parametrize(folder, cases, ids=[case.stem for case in cases])
