"""The files: written when there is news, whole or not at all, and for their owner alone."""

from pathlib import Path

import pytest

from evenly.core.topology import local_topology
from evenly.local.balancer import (
    BalancerFiles,
    Endpoint,
    balancer_settings,
    publish_endpoints,
    write_configuration,
)
from evenly.local.certificates import CertificateFiles
from evenly.manifest.types import Manifest

ONE = Endpoint("i-00000000000000001", "local-a", "127.0.1.1", 20001)
TWO = Endpoint("i-00000000000000002", "local-b", "127.0.2.1", 20002)


@pytest.fixture
def settings(tmp_path: Path):
    return balancer_settings(
        local_topology(Manifest(name="hello")),
        https_port=8443,
        http_port=8080,
        folder=tmp_path / "balancer",
        admin_socket=tmp_path / "admin.sock",
        access_log=tmp_path / "access.log",
        certificates=CertificateFiles(tmp_path / "certificates"),
    )


def test_what_has_not_changed_is_not_written_again(settings):
    assert write_configuration(settings)
    assert publish_endpoints(settings, [ONE, TWO])
    before = {path: path.stat().st_ino for path in settings.folder.iterdir()}
    assert not write_configuration(settings)
    assert not publish_endpoints(settings, [TWO, ONE])
    assert before == {path: path.stat().st_ino for path in settings.folder.iterdir()}


def test_a_change_replaces_the_file(settings):
    write_configuration(settings)
    publish_endpoints(settings, [ONE])
    endpoints = BalancerFiles(settings.folder).endpoints
    before = endpoints.stat().st_ino
    assert publish_endpoints(settings, [ONE, TWO])
    assert endpoints.stat().st_ino != before


def test_the_files_are_the_owners_alone(settings):
    write_configuration(settings)
    publish_endpoints(settings, [])
    assert settings.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in settings.folder.iterdir()} == {0o600}
