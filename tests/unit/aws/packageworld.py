"""A small project with an environment on AWS, for the tests of packaging and linting."""

from pathlib import Path
from typing import Any

from evenly.aws.packages.bundles import Bundle
from evenly.aws.packages.packaging import Package, Packaged, package, parameter_sources
from evenly.aws.packages.rendering import rendered
from evenly.aws.topology import AwsTopology, aws_topology
from evenly.manifest.types import Environment, Manifest

ENVIRONMENT = "production"


def topology(**said: Any) -> AwsTopology:
    environment = Environment(target="aws", regions=("eu-west-1",), production=True)
    return aws_topology(Manifest(name="shop", environments={ENVIRONMENT: environment}, **said), ENVIRONMENT)


def fake_bundle(name: str, wheelhouse: Path) -> Bundle:
    return Bundle(name, f"the code of {name}".encode())


def packaged(project: Path, about: AwsTopology | None = None) -> Package:
    """The package of the project, without downloading anything."""
    return package(about or topology(), project, project / "wheels", fake_bundle)


def made_of(
    bodies: dict[str, dict[str, Any]],
    about: AwsTopology | None = None,
    own: tuple[str, ...] = (),
    waves: tuple[tuple[str, ...], ...] = (),
) -> Package:
    """A package of these templates."""
    it = about or topology()
    stacks = tuple(
        Packaged(
            concern=name,
            stack=it.names.stack(name),
            region=it.region,
            body=body,
            text=rendered(body),
            parameters=parameter_sources(bodies, name, {}),
            own=name in own,
        )
        for name, body in bodies.items()
    )
    return Package(it, stacks, waves or tuple((name,) for name in bodies), ())


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
