"""The project that builds images where there is no Docker."""

from typing import Any

import pytest
import yaml
from tests.unit.aws.securityworld import environment

from evenly.aws.instances import processors_of
from evenly.aws.stacks.image import DIGEST, TAG, template
from evenly.manifest.types import Compute


def project(**said: Any) -> dict[str, Any]:
    found: dict[str, Any] = template(environment(**said)).to_dict()["Resources"]["Build"]["Properties"]
    return found


def test_it_is_encrypted_logged_and_private() -> None:
    resources = template(environment()).to_dict()["Resources"]
    own, log = resources["Build"]["Properties"], resources["BuildLog"]["Properties"]
    assert own["EncryptionKey"] == log["KmsKeyId"] == {"Ref": "KeyArn"}
    assert own["LogsConfig"]["CloudWatchLogs"] == {"Status": "ENABLED", "GroupName": {"Ref": "BuildLog"}}
    assert own["Visibility"] == "PRIVATE"
    assert log["LogGroupName"] == "/evenly/shop/staging/build"
    assert log["RetentionInDays"] == 30


def test_it_takes_the_role_and_the_name_that_the_policies_know() -> None:
    own = project()
    assert own["Name"] == "shop-staging-build"
    assert own["ServiceRole"]["Fn::Sub"].endswith(":role/shop-staging-build")


def test_it_reads_the_source_from_the_bucket_of_artifacts() -> None:
    source = project()["Source"]
    assert source["Type"] == "S3"
    assert source["Location"] == {
        "Fn::Sub": ["${bucket}/source/app.zip", {"bucket": {"Ref": "ArtifactBucket"}}]
    }


def test_its_commands_push_and_say_the_digest() -> None:
    said = yaml.safe_load(project()["Source"]["BuildSpec"])
    commands = [it for phase in said["phases"].values() for it in phase["commands"]]
    assert said["env"]["exported-variables"] == [DIGEST]
    assert sum("docker push" in it and TAG in it for it in commands) == 1
    assert commands[-1] == f'test -n "${DIGEST}"'
    assert commands.index('test "$CODEBUILD_BUILD_SUCCEEDING" = 1') < next(
        number for number, it in enumerate(commands) if "docker push" in it
    )


def test_no_password_is_an_argument() -> None:
    (login,) = (line for line in project()["Source"]["BuildSpec"].splitlines() if "docker login" in line)
    assert "--password-stdin" in login
    assert "--password " not in login


@pytest.mark.parametrize(
    ("compute", "processor"),
    [
        (Compute(), "X86_64"),
        (Compute(instance="t4g.small"), "ARM64"),
        (Compute(instance="im4gn.large"), "ARM64"),
        (Compute(instance="a1.large"), "ARM64"),
        (Compute(instance="g4dn.xlarge"), "X86_64"),
        (Compute(instance="m7i-flex.large"), "X86_64"),
        (Compute(type="fargate", instance="t4g.small"), "X86_64"),
    ],
)
def test_it_builds_for_what_the_tasks_run_on(compute: Compute, processor: str) -> None:
    assert processors_of(environment(compute=compute)) == processor
    builder = project(compute=compute)["Environment"]
    assert builder["Type"] == ("ARM_CONTAINER" if processor == "ARM64" else "LINUX_CONTAINER")
    assert ("aarch64" in builder["Image"]) == (processor == "ARM64")


def test_the_output_is_the_projects_name() -> None:
    assert template(environment()).to_dict()["Outputs"]["BuildProject"]["Value"] == {"Ref": "Build"}
