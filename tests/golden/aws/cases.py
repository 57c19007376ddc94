"""The cases of this folder: each a project with an environment on AWS, `production`."""

from pathlib import Path

from evenly.aws.packages.bundles import Bundle
from evenly.aws.packages.packaging import Package, package
from evenly.aws.topology import aws_topology
from evenly.manifest import load

HERE = Path(__file__).parent
ENVIRONMENT = "production"
MANIFEST = "evenly.yaml"


def cases() -> list[str]:
    return sorted(path.parent.name for path in HERE.glob(f"*/{MANIFEST}"))


def packaged(case: str) -> Package:
    """The package of a case. Its assets are stand-ins: their code may change without any template changing."""
    project = HERE / case
    return package(aws_topology(load(project / MANIFEST), ENVIRONMENT), project, project / "wheels", stand_in)


def stand_in(name: str, _: Path) -> Bundle:
    return Bundle(name, name.encode())
