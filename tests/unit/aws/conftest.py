"""Manifests with an environment on AWS, and what AWS's own schemas say of a property."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st
from tests.environments import ON_AWS

from evenly.manifest.types import Manifest


@pytest.fixture(scope="session")
def on_aws() -> st.SearchStrategy[tuple[Manifest, str]]:
    """A manifest, and the name of its environment on AWS."""
    return ON_AWS


@pytest.fixture(scope="session")
def limits() -> Callable[[str, str], dict[str, Any]]:
    """The schema of a property of a resource: its `pattern`, `minimum`, `maxLength` and so on."""
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    def of(kind: str, name: str) -> dict[str, Any]:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("eu-west-1", kind).schema
        found: dict[str, Any] = schema["properties"][name]
        return found

    return of
