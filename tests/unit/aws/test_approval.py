"""What may be executed: nothing that is more than was shown."""

import pytest

from evenly.aws.changes.approval import excesses
from evenly.aws.changes.losses import Mark
from evenly.aws.changes.types import Action, Change, Property, Replacement

NO, MAYBE, YES = Replacement.NO, Replacement.MAYBE, Replacement.YES
ADD, MODIFY, REMOVE, IMPORT = Action.ADD, Action.MODIFY, Action.REMOVE, Action.IMPORT


def change(
    action: Action = MODIFY, replacement: Replacement = NO, *paths: str, kind: str = "AWS::SNS::Topic"
) -> Change:
    return Change("It", kind, action, replacement, tuple(Property(path) for path in paths))


def is_fine(approved: Change | None, actual: Change) -> bool:
    return not excesses((approved,) if approved else (), (actual,))


@pytest.mark.parametrize("action", [ADD, MODIFY, REMOVE, IMPORT])
def test_what_was_shown_may_be_done_and_what_was_not_may_not(action: Action) -> None:
    assert is_fine(change(action), change(action))
    assert not is_fine(None, change(action))
    assert not any(
        is_fine(change(action), change(other)) for other in (ADD, MODIFY, REMOVE, IMPORT) if other != action
    )


@pytest.mark.parametrize(
    ("approved", "actual", "fine"),
    [
        (NO, NO, True),
        (NO, MAYBE, False),
        (NO, YES, False),
        (MAYBE, NO, True),
        (MAYBE, MAYBE, True),
        (MAYBE, YES, True),
        (YES, NO, True),
        (YES, MAYBE, True),
        (YES, YES, True),
    ],
)
def test_a_replacement_has_to_be_shown_at_least_as_possible(
    approved: Replacement, actual: Replacement, fine: bool
) -> None:
    assert is_fine(change(MODIFY, approved), change(MODIFY, actual)) is fine


def test_less_than_was_shown_is_fine() -> None:
    assert excesses((change(), Change("Other", "T", ADD)), ()) == ()


def test_another_type_under_the_same_name_is_more() -> None:
    assert not is_fine(change(), change(kind="AWS::IAM::Role"))


@pytest.mark.parametrize(
    ("kind", "approved", "actual", "fine"),
    [
        ("AWS::IAM::Role", "Policies", "Policies.0.PolicyDocument", True),
        ("AWS::IAM::Role", "Description", "Policies", False),
        ("AWS::IAM::Role", "Description", "Path", False),
        ("AWS::EC2::SecurityGroup", "Tags", "SecurityGroupIngress", False),
        ("AWS::EC2::SecurityGroup", "SecurityGroupIngress", "SecurityGroupIngress", True),
        ("AWS::KMS::Key", "Description", "KeyPolicy", False),
        ("AWS::KMS::Key", "Description", "EnableKeyRotation", True),
        (
            "AWS::ECS::Service",
            "DesiredCount",
            "NetworkConfiguration.AwsvpcConfiguration.SecurityGroups",
            False,
        ),
        ("AWS::SNS::Topic", "DisplayName", "Tags", True),
    ],
)
def test_of_iam_and_security_groups_every_property_has_to_be_shown(
    kind: str, approved: str, actual: str, fine: bool
) -> None:
    assert is_fine(change(MODIFY, NO, approved, kind=kind), change(MODIFY, NO, actual, kind=kind)) is fine


def mark(what: str, *, loses: bool = True) -> Mark:
    return Mark("It", "AWS::S3::Bucket", what, loses)


@pytest.mark.parametrize(
    ("approved", "actual", "fine"),
    [
        ((), (mark("is removed, and its data with it."),), False),
        ((mark("is removed, and its data with it."),), (mark("is removed, and its data with it."),), True),
        (
            (mark("is removed; a last snapshot of it is kept."),),
            (mark("is removed, and its data with it."),),
            False,
        ),
        ((mark("may be replaced: gone."),), (mark("is replaced: gone."),), True),
        ((mark("is replaced: gone."),), (mark("may be replaced: gone."),), True),
        ((), (mark("is no longer guarded.", loses=False),), True),
    ],
)
def test_data_that_is_lost_has_to_be_shown_as_lost(
    approved: tuple[Mark, ...], actual: tuple[Mark, ...], fine: bool
) -> None:
    assert (not excesses((change(),), (change(),), approved, actual)) is fine
