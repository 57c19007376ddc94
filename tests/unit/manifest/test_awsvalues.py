"""The lists of what AWS has are AWS's own, as its SDK and its schemas tell them."""

import pytest

from evenly.manifest import parse
from evenly.manifest.awsvalues import MOST_REGION, REGIONS, RETENTIONS
from evenly.manifest.fargate import MEMORY
from evenly.manifest.types import MEBIBYTE


def test_every_region_that_the_sdk_knows_is_known() -> None:
    from botocore.session import get_session

    session = get_session()
    of_all = {
        region
        for it in ("aws", "aws-cn", "aws-us-gov")
        for region in session.get_available_regions("ecs", it)
    }
    assert of_all <= set(REGIONS)
    assert max(map(len, REGIONS)) <= MOST_REGION


def test_days_that_logs_are_kept_for() -> None:
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("eu-west-1", "AWS::Logs::LogGroup").schema
    assert list(RETENTIONS) == schema["properties"]["RetentionInDays"]["enum"]


def test_the_sizes_of_fargate() -> None:
    from cfnlint.data.schemas.extensions import aws_ecs_taskdefinition
    from cfnlint.helpers import load_resource

    of_aws = load_resource(aws_ecs_taskdefinition, "fargate_cpu_memory.json")["then"]["anyOf"]
    found = {}
    for it in of_aws:
        cpu, memory = (it["properties"][key]["then"] for key in ("Cpu", "Memory"))
        sizes = memory.get("enum") or range(memory["minimum"], memory["maximum"] + 1, memory["multipleOf"])
        found[int(cpu["enum"][0])] = [size * MEBIBYTE for size in sizes]
    assert found == {cpu: list(sizes) for cpu, sizes in MEMORY.items()}


@pytest.mark.parametrize("region", REGIONS)
def test_every_region_can_be_written(region: str) -> None:
    text = f"name: shop\nenvironments: {{staging: {{target: aws, region: {region}}}}}\n"
    assert parse(text, "evenly.yaml").environments["staging"].regions == (region,)


def test_a_region_that_is_new_can_be_written() -> None:
    text = "name: shop\nenvironments: {staging: {target: aws, region: eu-east-1}}\n"
    assert parse(text, "evenly.yaml").environments["staging"].regions == ("eu-east-1",)
