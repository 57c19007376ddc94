"""Writes the balancer's configuration where Envoy watches for it. Touches the balancer's folder alone."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from evenly.local.balancer import secrets
from evenly.local.balancer.bootstrap import bootstrap
from evenly.local.balancer.clusters import cluster_resources
from evenly.local.balancer.endpoints import endpoint_resources
from evenly.local.balancer.listeners import listener_resources
from evenly.local.balancer.settings import BalancerFiles, BalancerSettings, Endpoint
from evenly.local.balancer.terms import Config
from evenly.local.state import write_bytes


def configuration(settings: BalancerSettings) -> dict[Path, Config]:
    """Every file but the endpoints, with its content."""
    files = BalancerFiles(settings.folder)
    named = {files.secret(name): content for name, content in secrets.secret_resources(settings).items()}
    return {
        **named,
        files.clusters: cluster_resources(settings),
        files.listeners: listener_resources(settings),
        files.bootstrap: bootstrap(settings),
    }


def rendered(config: Config) -> str:
    """The one form in which configuration is written: the same content is the same bytes."""
    return msgspec.json.format(msgspec.json.encode(config, order="sorted"), indent=2).decode() + "\n"


def write_configuration(settings: BalancerSettings) -> bool:
    """Writes everything but the endpoints; whether anything changed. A running Envoy follows at once, but for
    the bootstrap, which it reads at its start."""
    settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    changed = [_publish(path, content) for path, content in configuration(settings).items()]
    return any(changed)


def publish_endpoints(settings: BalancerSettings, endpoints: Iterable[Endpoint]) -> bool:
    """Tells Envoy of the instances there are now; whether that was news. Needed once before its start."""
    files = BalancerFiles(settings.folder)
    return _publish(files.endpoints, endpoint_resources(settings, endpoints))


def _publish(path: Path, content: Config) -> bool:
    new = rendered(content).encode()
    if path.exists() and path.read_bytes() == new:
        return False
    write_bytes(path, new)
    return True
