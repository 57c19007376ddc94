"""Which releases ECS knows of, and which one a rollback means."""

from typing import Any

import pytest
from tests.unit.aws.test_lookups import Answers

from evenly.aws.cloud.session import Asked
from evenly.aws.operations.releases import Release, chosen, releases
from evenly.errors import StateError, UsageError

ARN = "arn:aws:ecs:eu-west-1:1:task-definition/shop-staging:"


def definition(release: str | None, image: str) -> dict[str, Any]:
    containers = [{"name": "collector", "image": "c"}, {"name": "app", "image": image}]
    tags = [{"key": "release", "value": release}] if release else []
    return {"taskDefinition": {"containerDefinitions": containers}, "tags": tags}


def test_each_release_is_known_by_the_tag_of_its_task_definition() -> None:
    ecs = Answers(
        describe_services=[{"services": [{"taskDefinition": f"{ARN}3"}]}],
        list_task_definitions=[
            {
                "taskDefinitionArns": [
                    f"{ARN}10",
                    f"{ARN}3",
                    "arn:aws:ecs:eu-west-1:1:task-definition/shop-staging-mail:7",
                ]
            },
            {"taskDefinitionArns": [f"{ARN}2"]},
        ],
        describe_task_definition=[definition("4", "u@d"), definition("3", "u@c"), definition(None, "u@a")],
    )
    found = releases(Asked(ecs, "ecs"), "shop-staging", "shop")
    assert found == (Release(4, "u@d", False), Release(3, "u@c", True))
    asked = [said["taskDefinition"] for name, said in ecs.calls if name == "describe_task_definition"]
    assert asked == [f"{ARN}10", f"{ARN}3", f"{ARN}2"]  # the newest first, and none of another family


def test_without_a_service_there_are_none() -> None:
    with pytest.raises(StateError, match="no service yet"):
        releases(Asked(Answers(describe_services=[{"services": []}]), "ecs"), "c", "s")


FOUND = (
    Release(5, "e", False),  # it failed, and was rolled back
    Release(4, "d", True),
    Release(3, "d", False),
    Release(2, "b", False),
    Release(1, "a", False),
)


def test_the_one_before_has_another_image() -> None:
    assert chosen(FOUND, None) == FOUND[3]


def test_one_is_named_by_its_number() -> None:
    assert chosen(FOUND, 1) == FOUND[4]
    with pytest.raises(UsageError, match="no release 9"):
        chosen(FOUND, 9)


def test_nothing_before_is_said() -> None:
    with pytest.raises(StateError, match="no release before"):
        chosen((Release(1, "a", True),), None)
