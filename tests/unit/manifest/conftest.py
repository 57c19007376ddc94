"""Manifests for property tests."""

import pytest
from hypothesis import strategies as st
from tests.environments import MANIFESTS

from evenly.manifest.types import Manifest


@pytest.fixture(scope="session")
def manifests() -> st.SearchStrategy[Manifest]:
    return MANIFESTS
