"""Draws the pictures of docs/architecture.md anew, each from the topology of a manifest that the golden tests have.

    .venv/bin/python scripts/architecture.py

Writes docs/images/architecture*.svg.
"""

from collections.abc import Mapping
from pathlib import Path

from evenly.aws.topology import aws_topology
from evenly.cli.architecture.picture import drawn
from evenly.manifest import load

ROOT = Path(__file__).resolve().parents[1]
MANIFESTS = ROOT / "tests" / "golden" / "aws"
IMAGES = ROOT / "docs" / "images"
CASES: Mapping[str, str] = {"full": "architecture.svg", "small": "architecture-small.svg"}
ENVIRONMENT = "production"


def files() -> dict[Path, str]:
    """What each file has to say."""
    return {
        IMAGES / name: drawn(aws_topology(load(MANIFESTS / case / "evenly.yaml"), ENVIRONMENT)) + "\n"
        for case, name in CASES.items()
    }


if __name__ == "__main__":
    for file, text in files().items():
        file.write_text(text)
