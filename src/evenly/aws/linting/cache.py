"""What was found in a template, kept until the template, the rules or a tool changes. Touches one file of each
environment, in the project.

A file that can't be read is worth nothing, and is taken for none.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

from evenly import __version__
from evenly.aws.linting.findings import TemplateFinding
from evenly.aws.linting.rules import RuleFile
from evenly.aws.packages.packaging import Packaged

FOLDER = Path(".evenly")
FILE = "lint.json"
TOOLS = ("cfn-lint", "cfn-guard-rs")

Kept = Mapping[str, tuple[TemplateFinding, ...]]


def key(stack: Packaged, about: Mapping[str, object], rules: Sequence[RuleFile]) -> str:
    """Of one template: changes with whatever its findings depend on."""
    told = [
        __version__,
        [_version(tool) for tool in TOOLS],
        stack.concern,
        stack.region,
        stack.text,
        about,
        [[it.where, it.text] for it in rules],
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def read(project: Path, environment: str) -> Kept:
    """By the key of the template."""
    try:
        return msgspec.json.decode(
            (project / FOLDER / environment / FILE).read_bytes(), type=dict[str, tuple[TemplateFinding, ...]]
        )
    except (OSError, msgspec.DecodeError):
        return {}


def write(project: Path, environment: str, kept: Kept) -> None:
    """In one step. A folder that can't be written to costs time, and nothing else."""
    path = project / FOLDER / environment / FILE
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(msgspec.json.encode(kept))
        beside.rename(path)


@cache
def _version(tool: str) -> str:
    try:
        return version(tool)
    except PackageNotFoundError:
        return ""
