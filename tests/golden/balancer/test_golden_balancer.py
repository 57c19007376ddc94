"""Every case in this folder: what is given renders to these very files, and the real Envoy accepts them.

A new case is a new file with `given` alone; EVENLY_GOLDEN=write fills in (or renews) what is expected.
"""

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from evenly.core.topology import local_topology
from evenly.local.balancer import (
    BalancerFiles,
    BalancerSettings,
    Endpoint,
    balancer_settings,
    configuration,
    envoy_program,
    publish_endpoints,
    rendered,
    write_configuration,
)
from evenly.local.balancer.endpoints import endpoint_resources
from evenly.local.certificates import CertificateFiles, CertificateNames, open_authority
from evenly.manifest.types import Manifest

CASES = sorted(Path(__file__).parent.glob("*.json"))
HOME = Path("/srv/hello/.evenly/local")


@pytest.fixture(params=CASES, ids=lambda path: path.stem)
def case(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_the_case_renders_to_these_files(case: Path) -> None:
    golden = json.loads(case.read_text())
    settings = given_settings(golden["given"], HOME)
    files = {path.name: content for path, content in configuration(settings).items()}
    endpoints = {"endpoints.json": endpoint_resources(settings, given_endpoints(golden["given"]))}
    expected = {"given": golden["given"], "files": files | endpoints}
    if os.environ.get("EVENLY_GOLDEN") == "write":
        case.write_text(rendered(expected))
    assert case.read_text() == rendered(expected)


def test_envoy_accepts_the_case(case: Path, tmp_path: Path) -> None:
    given = json.loads(case.read_text())["given"]
    settings = given_settings(given, tmp_path)
    names = CertificateNames(settings.name, settings.alias)
    open_authority(settings.certificates.folder, names, datetime.now(UTC))
    write_configuration(settings)
    publish_endpoints(settings, given_endpoints(given))
    # `--mode validate` does not follow references to other files, so everything goes into one.
    files = BalancerFiles(settings.folder)
    whole = json.loads(files.bootstrap.read_text())
    del whole["dynamic_resources"]
    whole["static_resources"] = {
        "listeners": resources(files.listeners),
        "clusters": resources(files.clusters),
    }
    one = tmp_path / "whole.json"
    one.write_text(json.dumps(whole))
    for path in (one, files.bootstrap):
        arguments = [envoy_program(), "--mode", "validate", "--disable-hot-restart", "--config-path", path]
        said = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)
        assert said.returncode == 0, said.stderr
        assert "deprecated" not in said.stderr


def resources(path: Path) -> list[dict[str, Any]]:
    """The resources of a file, without the type that a place of their own already tells."""
    return [
        {key: value for key, value in each.items() if key != "@type"}
        for each in json.loads(path.read_text())["resources"]
    ]


def given_settings(given: dict[str, Any], home: Path) -> BalancerSettings:
    topology = local_topology(msgspec.convert(given["manifest"], Manifest))
    settings = balancer_settings(
        topology,
        https_port=8443,
        http_port=8080,
        folder=home / "balancer",
        admin_socket=home / "admin.sock",
        access_log=home / "access.log",
        certificates=CertificateFiles(home / "certificates"),
    )
    return replace(settings, listen=tuple(given.get("listen", settings.listen)))


def given_endpoints(given: dict[str, Any]) -> list[Endpoint]:
    return [Endpoint(*each) for each in given["endpoints"]]
