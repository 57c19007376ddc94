"""AWS_ENDPOINT_URL is honoured by every client, and by the addresses that are made from what a client asks."""

import re
from pathlib import Path

import boto3
import pytest
from botocore.stub import Stubber
from tests.unit.aws.world import REGION

import evenly
from evenly.aws.cloud.session import Session
from evenly.aws.cloud.storage import Storage
from evenly.aws.operations.usage import SERVICES

ELSEWHERE = "http://127.0.0.1:4566"
CODE = Path(evenly.__file__).parent
# Every service that some code asks a client of, and those that are asked by a table.
ASKED = {
    it
    for room in ("aws/operations", "aws/cloud", "aws/releasing", "cli")
    for file in (CODE / room).rglob("*.py")
    for it in re.findall(r'client\("([a-z0-9-]+)"', file.read_text(encoding="utf-8"))
} | SERVICES


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    return monkeypatch


def test_these_are_asked() -> None:
    assert {"sts", "iam", "service-quotas", "cloudformation", "s3", "logs", "ecs"} <= ASKED


@pytest.mark.parametrize("service", sorted(ASKED))
def test_every_client_asks_there(keys: pytest.MonkeyPatch, service: str) -> None:
    keys.setenv("AWS_ENDPOINT_URL", ELSEWHERE)
    assert Session().client(service, REGION).endpoint == ELSEWHERE


def test_templates_are_where_the_client_put_them(keys: pytest.MonkeyPatch) -> None:
    keys.setenv("AWS_ENDPOINT_URL", f"{ELSEWHERE}/")
    there = Storage(Session().client("s3", REGION))
    assert there.url("bucket", "templates/a.yaml") == f"{ELSEWHERE}/bucket/templates/a.yaml"
    keys.delenv("AWS_ENDPOINT_URL")
    at_aws = Storage(Session().client("s3", REGION))
    assert at_aws.url("bucket", "a.yaml") == f"https://bucket.s3.{REGION}.amazonaws.com/a.yaml"


def test_who_asks_is_asked_once() -> None:
    client = boto3.client("sts", region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b")
    with Stubber(client) as stub:
        said = {"Account": "1", "Arn": "arn:aws:iam::1:user/ann", "UserId": "A"}
        stub.add_response("get_caller_identity", said)
        session = Session(make=lambda *_: client)
        assert session.identity(REGION) == session.identity(REGION)
