"""boto3's own clients, which botocore's Stubber answers: it holds each request to the model of the service."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.stub import Stubber
from tests.unit.aws.world import REGION

from evenly.aws.cloud.formation import Formation
from evenly.aws.cloud.session import Asked

WHERE = "cloudformation in eu-west-1"


def client(service: str = "cloudformation") -> Any:
    return boto3.client(
        service,
        region_name=REGION,
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(retries={"total_max_attempts": 1}),
    )


@contextmanager
def stubbed(profile: str | None = None) -> Iterator[tuple[Formation, Stubber]]:
    boto = client()
    with Stubber(boto) as stub:
        yield Formation(Asked(boto, WHERE, profile)), stub
