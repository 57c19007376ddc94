"""Change sets as DescribeChangeSet tells them, read. The first one is as AWS documents it."""

from typing import Any

import pytest

from evenly.aws.changes.reading import read_changes
from evenly.aws.changes.types import Action, Change, Property, Replacement


def told(**said: Any) -> Change:
    base = {"LogicalResourceId": "It", "ResourceType": "AWS::EC2::Instance", "Action": "Modify"}
    [found] = read_changes([{"Type": "Resource", "ResourceChange": {**base, **said}}])
    return found


def detail(
    name: str | None = None, recreation: str = "Never", cause: str | None = None, **target: Any
) -> Any:
    said = {"Attribute": "Properties", "RequiresRecreation": recreation, **target}
    return {
        "Target": {**said, **({"Name": name} if name else {})},
        **({"CausingEntity": cause} if cause else {}),
    }


def test_a_replacement_with_its_reason() -> None:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets-samples.html
    found = told(
        PhysicalResourceId="i-7bef86f8",
        Replacement="True",
        PolicyAction="ReplaceAndDelete",
        Scope=["Properties"],
        Details=[
            detail("ImageId", "Always"),
            detail("KeyName", "Always", "KeyPairName"),
        ],
    )
    assert found == Change(
        "It",
        "AWS::EC2::Instance",
        Action.MODIFY,
        Replacement.YES,
        (Property("ImageId", Replacement.YES), Property("KeyName", Replacement.YES, cause="KeyPairName")),
        "i-7bef86f8",
        "ReplaceAndDelete",
    )


@pytest.mark.parametrize(
    ("action", "said", "becomes"),
    [
        ("Add", "False", (Action.ADD, Replacement.NO)),
        ("Add", "True", (Action.ADD, Replacement.NO)),
        ("Remove", None, (Action.REMOVE, Replacement.NO)),
        ("Import", None, (Action.IMPORT, Replacement.NO)),
        ("Modify", "False", (Action.MODIFY, Replacement.NO)),
        ("Modify", "Conditional", (Action.MODIFY, Replacement.MAYBE)),
        ("Modify", "True", (Action.MODIFY, Replacement.YES)),
        ("Dynamic", None, (Action.MODIFY, Replacement.MAYBE)),
        ("SyncWithActual", "True", (Action.MODIFY, Replacement.YES)),
    ],
)
def test_actions_and_replacements(action: str, said: str | None, becomes: tuple[Action, Replacement]) -> None:
    found = told(Action=action, **({"Replacement": said} if said else {}))
    assert (found.action, found.replacement) == becomes


def test_paths_are_told_as_in_the_template_and_attributes_by_their_names() -> None:
    found = told(
        Details=[
            detail("Tags", Path="/Properties/Tags/0/Value", BeforeValue="a", AfterValue="b"),
            detail(Attribute="DeletionPolicy", BeforeValue="Retain", AfterValue="Delete"),
            detail(Attribute="Tags"),
        ]
    )
    assert found.properties == (
        Property("Tags.0.Value", Replacement.NO, "a", "b"),
        Property("DeletionPolicy", Replacement.NO, "Retain", "Delete"),
        Property("Tags"),
    )


def test_what_is_told_twice_is_one_with_the_graver_of_both() -> None:
    found = told(
        Details=[detail("KeyName", "Never", "P"), detail("KeyName", "Conditionally", BeforeValue="a")]
    )
    assert found.properties == (Property("KeyName", Replacement.MAYBE, "a", None, "P"),)


def test_hooks_are_no_changes() -> None:
    assert read_changes([{"Type": "Hook"}]) == ()
