"""A release from the checkout to MiniStack, by Evenly's commands: the image by a program in Docker's place, migrations
through the door (our machine, our functions), secrets. MiniStack runs no container: what runs is not its to prove."""

import json
from typing import Any

import pytest
from tests.functional.aws.lifecycle.conftest import Project

FULL = {
    "compute": "{type: fargate}",
    "database": "{engine: postgres, version: 18}",
    "secrets": "{API_KEY: API_KEY}",
}


def image_of(project: Project, concern: str) -> str:
    stacks = project.client("cloudformation").describe_stacks(StackName=f"{project.name}-staging-{concern}")
    given = {it["ParameterKey"]: it["ParameterValue"] for it in stacks["Stacks"][0]["Parameters"]}
    return str(given["Image"])


def deploy(project: Project, *more: str) -> Any:
    return project.evenly("deploy", "-e", "staging", "--yes", *more)


@pytest.mark.timeout(300)
def test_from_nothing_to_a_release_and_to_the_next(project: Project) -> None:
    project.manifest(**FULL)
    project.leave_out()
    first = deploy(project)
    assert first.code == 3, first.err
    assert "evenly secrets set API_KEY -e staging" in first.err
    assert "service" not in project.stacks()

    assert project.evenly("secrets", "list", "-e", "staging").code == 3
    ran = project.evenly("secrets", "set", "API_KEY", "-e", "staging", typed="s3cr3t\n")
    assert ran.code == 0, ran.err
    assert "s3cr3t" not in ran.out + ran.err
    kept = project.client("secretsmanager").get_secret_value(SecretId=f"{project.name}/staging/app/API_KEY")
    assert kept["SecretString"] == "s3cr3t"
    assert project.evenly("secrets", "list", "-e", "staging").code == 0

    second = deploy(project, "--plan", ".evenly/staging/plan.json")
    assert second.code == 0, second.err
    assert "migrations: applied, and the door is closed" in second.err
    assert "image: is there already" in second.err  # the first deploy had built it
    image = image_of(project, "service")
    assert image == image_of(project, "data")
    assert f"/{project.name}/staging@sha256:" in image

    plan = project.evenly("plan", "-e", "staging", "--no-drift", "--json")
    assert all(not it["changes"] for it in json.loads(plan.out)["stacks"]), plan.out

    project.write("Dockerfile", "FROM scratch\n")  # now the app is the project's own
    plan = project.evenly("plan", "-e", "staging", "--no-drift")
    assert "An image is to be built first" in plan.out
    third = deploy(project, "--plan", ".evenly/staging/plan.json")
    assert "image: pushed as sha256:" in third.err
    assert "migrations: applied already" in third.err
    # MiniStack says of a service with another task that it may be replaced, which AWS does not: so it is planned again.
    assert third.code == 3, third.err
    assert image_of(project, "service") == image
    plan = project.evenly("plan", "-e", "staging", "--no-drift")
    assert "An image is to be built" not in plan.out
    fourth = deploy(project, "--plan", ".evenly/staging/plan.json")
    assert fourth.code == 0, fourth.err
    assert "image: built" not in fourth.err
    assert image_of(project, "service") == image_of(project, "data") != image

    project.write("Dockerfile", "FROM scratch\nLABEL a=b\n")
    other = deploy(project, "--plan", ".evenly/staging/plan.json")
    assert other.code == 3
    assert "built from is another source" in other.err
