"""MiniStack, an emulator of AWS, as a process of its own on loopback; stacks of ours made by its CloudFormation.

It stands for behaviour alone: it has no IAM, no TLS and no zones, and says nothing of what real databases, tasks and
balancers do. What it takes no template for is left out, by name.
"""

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / ".tools/python/bin/ministack"
ASSETS = ROOT / "src/evenly/aws/assets"
LEFT_OUT = (
    "AWS::EC2::EIP",
    "AWS::EC2::FlowLog",
    "AWS::EC2::NatGateway",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::SecretsManager::RotationSchedule",
)
IMAGE = f"shop@sha256:{'0' * 64}"
STARTED_WITHIN_S = 60.0
MADE_WITHIN_S = 120.0
ENDED_WITHIN_S = 10.0


@dataclass(frozen=True)
class Cloud:
    url: str

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="eu-west-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def make(self, name: str, template: Any, **parameters: str) -> dict[str, str]:
        """A stack of it, without what is left out; its outputs."""
        body = without(template.to_dict())
        given = {key: it for key, it in parameters.items() if key in body["Parameters"]}
        client = self.client("cloudformation")
        client.create_stack(
            StackName=name,
            TemplateBody=json.dumps(body),
            Parameters=[{"ParameterKey": key, "ParameterValue": it} for key, it in given.items()],
        )
        until = time.monotonic() + MADE_WITHIN_S
        while (found := client.describe_stacks(StackName=name)["Stacks"][0])[
            "StackStatus"
        ] == "CREATE_IN_PROGRESS":
            assert time.monotonic() < until, found
            time.sleep(0.1)
        assert found["StackStatus"] == "CREATE_COMPLETE", client.describe_stack_events(StackName=name)
        return {it["OutputKey"]: it["OutputValue"] for it in found["Outputs"]}

    def put_asset(self, bucket: str, name: str) -> str:
        """The files of an asset as a zip in the bucket; its key."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for file in sorted(it for it in (ASSETS / name).iterdir() if it.is_file()):
                archive.write(file, file.name)
        self.client("s3").put_object(Bucket=bucket, Key=f"assets/{name}.zip", Body=content.getvalue())
        return f"assets/{name}.zip"


def without(template: Mapping[str, Any]) -> dict[str, Any]:
    """The template without the types that are left out, and without routes to gateways that are."""
    kept = {
        key: it
        for key, it in template["Resources"].items()
        if it["Type"] not in LEFT_OUT and "NatGatewayId" not in it["Properties"]
    }
    return {"Parameters": {}, **template, "Resources": kept}


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Cloud]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "SFN_WAIT_SCALE": "0.05",  # retries are not waited for
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
        "TMPDIR": str(folder),
    }
    with (folder / "ministack.log").open("wb") as log:
        process = subprocess.Popen(
            [str(PROGRAM)], env=settings, cwd=folder, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait(port, folder / "ministack.log")
        yield Cloud(f"http://127.0.0.1:{port}")
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """It waits for what it is at, such as a stack that waits for a signal: not for long. The processes of its
    functions, which outlive it then, end too."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(ENDED_WITHIN_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _wait(port: int, log: Path) -> None:
    until = time.monotonic() + STARTED_WITHIN_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.1)
        else:
            return
