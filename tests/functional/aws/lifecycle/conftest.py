"""A project with an environment on AWS, which here is MiniStack."""

import hashlib
import os
import shutil
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner
from tests import ministack as emulator
from tests.functional.aws.lifecycle import hands, leaving_out

from evenly.aws.packages import bundles
from evenly.aws.packages.packaging import package
from evenly.aws.topology import EDGE_REGION, aws_topology
from evenly.cli.main import run
from evenly.manifest import load

REGION = "eu-west-1"
# In the place of Docker, which is not here: it builds nothing, and pushes what has the tag of the source and no layers.
DOCKER = """#!{python} -IS
import json, sys

if sys.argv[1] == "login":
    assert sys.stdin.read(), "no password"
if sys.argv[1] == "push":
    from urllib.request import Request, urlopen

    tag = sys.argv[2].rpartition(":")[2]
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = json.dumps({{"schemaVersion": 2, "mediaType": kind, "config": {{"digest": tag}}, "layers": []}})
    said = json.dumps({{"repositoryName": {repository!r}, "imageManifest": manifest, "imageTag": tag}})
    headers = {{
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "AmazonEC2ContainerRegistry_V20150921.PutImage",
        "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/{region}/ecr/aws4_request",
    }}
    urlopen(Request({url!r}, said.encode(), headers)).close()
"""


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with emulator.running(tmp_path_factory.mktemp("ministack")) as cloud:
        yield cloud.url


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    out: str
    err: str


@dataclass
class Project:
    """A folder with a manifest, and the `evenly` that runs in it. `name`: of the service."""

    folder: Path
    url: str
    name: str

    def write(self, path: str, text: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def manifest(self, **said: str) -> None:
        lines = [
            f"name: {self.name}",
            *(f"{key}: {value}" for key, value in {"database": "null", **said}.items()),
        ]
        self.write(
            "evenly.yaml",
            "\n".join([*lines, "environments:", "  staging: {target: aws, region: eu-west-1}", ""]),
        )

    def evenly(self, *arguments: str, typed: str = "") -> Ran:
        if arguments[0] in ("deploy", "rollback"):  # nothing serves on MiniStack
            arguments = (*arguments, "--no-verify")
        at_work = hands.at_work(f"{self.name}-staging", self.client, REGION)
        with at_work, CliRunner().isolation(input=typed) as (out, err, _):
            code = run(arguments)
            return Ran(int(code), out.getvalue().decode(), err.getvalue().decode())

    def leave_out(self, bare: Collection[str] = ()) -> dict[str, dict[str, Any]]:
        """Patches away what MiniStack does not know, and all that is in the stacks of `bare`; the templates as they are
        without the patches."""
        for place in bundles.FOLDER.glob(f"*/{bundles.REQUIREMENTS}"):  # wheels are nothing to CloudFormation
            digest = hashlib.sha256(place.read_bytes()).hexdigest()[: bundles.DIGITS]
            (self.folder / ".evenly" / "wheels" / digest).mkdir(parents=True, exist_ok=True)
        topology = aws_topology(load(self.folder / "evenly.yaml"), "staging")
        packed = package(topology, self.folder, self.folder / ".evenly" / "wheels")
        bodies = {it.concern: dict(it.body) for it in packed.stacks}
        shutil.rmtree(self.folder / "overrides", ignore_errors=True)
        for path, text in leaving_out.patches(bodies, bare).items():
            self.write(path, text)
        return bodies

    def docker(self) -> None:
        """From now on there is one that answers."""
        program = self.folder.parent / "bin" / "docker"
        program.write_text(
            DOCKER.format(
                python=sys.executable, region=REGION, repository=f"{self.name}/staging", url=self.url
            )
        )
        program.chmod(0o755)

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name=REGION)

    def stacks(self) -> dict[str, str]:
        """The stacks of the environment that are there, with their status."""
        clients = (boto3.client("cloudformation", region_name=it) for it in (REGION, EDGE_REGION))
        told = [it for client in clients for it in client.describe_stacks()["Stacks"]]
        ours = [it for it in told if it["StackName"].startswith(f"{self.name}-staging-")]
        return {it["StackName"].removeprefix(f"{self.name}-staging-"): it["StackStatus"] for it in ours}


@pytest.fixture
def project(
    ministack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Project:
    """An empty one, of a service that no other test has."""
    for name in [it for it in os.environ if it.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_ENDPOINT_URL", ministack)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    made = Project(folder, ministack, f"shop{abs(hash(request.node.nodeid)) % 10**6}")
    made.manifest()
    made.docker()
    return made
