"""Writes the lock files from pyproject.toml: exact versions and hashes for Python 3.11 to 3.14.

Asks PyPI and nothing else, so that what is locked does not depend on how this machine's pip is set up.
Each lock starts with a fingerprint of the tables it was made from; a test compares it, without a network.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
UV = "uv==0.13.9"
INDEX = "https://pypi.org/simple"
TOOLS = ("tools", "checkov")  # what the tests run and never import
BUILD = ("editables",)  # what hatchling wants for an editable installation, beside [build-system] requires


def needs(project: dict[str, Any], kind: str) -> list[str]:
    """What the lock `kind` (run, aws, test, or one of TOOLS) has to bring, as pyproject.toml words it."""
    if kind in TOOLS:
        return list(project["dependency-groups"][kind])
    run = [*project["project"]["dependencies"], *project["build-system"]["requires"], *BUILD]
    if kind == "run":
        return run
    extras = project["project"]["optional-dependencies"]
    on_aws = [*run, *extras["aws"], *extras["lint"]]
    return on_aws if kind == "aws" else [*on_aws, *project["dependency-groups"]["dev"]]


def fingerprint(needed: list[str]) -> str:
    return hashlib.sha256(json.dumps(sorted(needed)).encode()).hexdigest()


def header(needed: list[str]) -> str:
    return f"# Made by `make lock`; do not edit.\n# needs: sha256:{fingerprint(needed)}\n"


def compiled(needed: list[str], constraints: Path | None, upgrade: bool, old: Path) -> str:
    """The lock for `needed`. Versions in `old` are kept where they fit, unless `upgrade`."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "needs.in"), Path(folder, "lock.txt")
        source.write_text("\n".join(needed) + "\n")
        if old.exists() and not upgrade:
            target.write_bytes(old.read_bytes())
        command = [sys.executable, "-m", "uv", "--no-config", "--quiet", "pip", "compile", str(source)]
        command += [
            "--universal",
            "--generate-hashes",
            "--python-version",
            "3.11",
            "--no-header",
            "--no-annotate",
        ]
        command += ["--default-index", INDEX, "--output-file", str(target)]
        command += ["--constraints", str(constraints)] if constraints else []
        subprocess.run(command, check=True, cwd=folder, env=plain_environment())
        return target.read_text()


def plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}


def write(kind: str, constraints: Path | None, upgrade: bool) -> Path:
    needed = needs(tomllib.loads((ROOT / "pyproject.toml").read_text()), kind)
    path = ROOT / "requirements" / f"{kind}.txt"
    path.write_text(header(needed) + compiled(needed, constraints, upgrade, path))
    return path


def main() -> None:
    upgrade = "--upgrade" in sys.argv[1:]
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", UV], check=True)
    test = write("test", None, upgrade)
    users = [write(kind, test, upgrade) for kind in ("run", "aws")]  # the tests run what the users get
    for path in (*users, test, *(write(kind, None, upgrade) for kind in TOOLS)):
        print(f"{path.relative_to(ROOT)}: {path.read_text().count('==')} packages")


if __name__ == "__main__":
    main()
