"""Whatever loses data is marked, loudly; what takes a guard off is marked too."""

from typing import Any

import pytest

from evenly.aws.changes.losses import HOLDS_DATA, SNAPSHOT_BY_DEFAULT, marks
from evenly.aws.changes.provisional import Held, difference
from evenly.aws.changes.types import Action, Change, Replacement


def said(kind: str, **more: Any) -> dict[str, Any]:
    policies = {key: more.pop(key) for key in ("DeletionPolicy", "UpdateReplacePolicy") if key in more}
    return {"Type": kind, "Properties": more, **policies}


def found(
    old: dict[str, Any] | None, new: dict[str, Any] | None, change: Change | None = None
) -> list[tuple[str, bool]]:
    before = {"Resources": {"It": old} if old else {}}
    after = {"Resources": {"It": new} if new else {}}
    changes = (change,) if change else difference(Held(before, {}), Held(after, {}))
    return [(it.what, it.loses) for it in marks(changes, before, after)]


@pytest.mark.parametrize("kind", sorted(HOLDS_DATA))
def test_removing_what_holds_data_is_a_loss_unless_it_is_kept(kind: str) -> None:
    assert found(said(kind, DeletionPolicy="Delete"), None) == [("is removed, and its data with it.", True)]
    [(what, loses)] = found(said(kind, DeletionPolicy="Retain"), None)
    assert what.startswith("leaves the stack and stays")
    assert not loses


@pytest.mark.parametrize("kind", sorted(HOLDS_DATA))
def test_without_a_policy_it_is_what_cloudformation_does_without_one(kind: str) -> None:
    [(what, loses)] = found(said(kind), None)
    assert loses
    assert ("snapshot" in what) is (kind in SNAPSHOT_BY_DEFAULT)


@pytest.mark.parametrize(
    ("policy", "what"),
    [
        ("Delete", "is replaced: the new one is empty, and the old one goes with its data."),
        ("Snapshot", "is replaced: the new one is empty; a last snapshot of the old one is kept."),
        ("Retain", "is replaced: the new one is empty; the old one stays, out of the service's reach."),
    ],
)
def test_replacing_it_is_a_loss_whatever_becomes_of_the_old_one(policy: str, what: str) -> None:
    old, new = (said("AWS::S3::Bucket", BucketName=it, UpdateReplacePolicy=policy) for it in "ab")
    assert found(old, new) == [(what, True)]


def test_replacing_without_a_policy_deletes_even_a_database() -> None:
    old, new = (said("AWS::RDS::DBInstance", DBInstanceIdentifier=it) for it in "ab")
    assert found(old, new) == [
        ("is replaced: the new one is empty, and the old one goes with its data.", True)
    ]


def test_what_may_be_replaced_may_lose() -> None:
    change = Change("It", "AWS::RDS::DBInstance", Action.MODIFY, Replacement.MAYBE)
    [(what, loses)] = found(said("AWS::RDS::DBInstance"), said("AWS::RDS::DBInstance"), change)
    assert what.startswith("may be replaced")
    assert loses


def test_what_cloudformation_says_becomes_of_it_counts_before_the_template() -> None:
    change = Change("It", "AWS::S3::Bucket", Action.REMOVE, policy="Retain")
    assert not found(said("AWS::S3::Bucket"), None, change)[0][1]
    change = Change("It", "AWS::S3::Bucket", Action.MODIFY, Replacement.YES, policy="ReplaceAndSnapshot")
    assert "snapshot" in found(said("AWS::S3::Bucket"), said("AWS::S3::Bucket"), change)[0][0]


@pytest.mark.parametrize(
    ("before", "after", "loses"),
    [
        (30, 7, True),
        ("30", "7", True),
        (None, 7, True),
        (7, 30, None),
        (7, None, None),
        (7, {"Ref": "Days"}, None),
    ],
)
def test_logs_that_are_kept_for_fewer_days_go(before: Any, after: Any, loses: bool | None) -> None:
    def group(days: Any) -> dict[str, Any]:
        return said("AWS::Logs::LogGroup", **({} if days is None else {"RetentionInDays": days}))

    assert [it for _, it in found(group(before), group(after))] == ([] if loses is None else [loses])


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ({"DeletionPolicy": "Retain"}, {}, "DeletionPolicy is Delete"),
        (
            {"UpdateReplacePolicy": "Snapshot"},
            {"UpdateReplacePolicy": "Delete"},
            "UpdateReplacePolicy is Delete",
        ),
        ({"DeletionProtection": True}, {"DeletionProtection": False}, "no longer guarded"),
        ({"DeletionProtection": "true"}, {}, "no longer guarded"),
    ],
)
def test_a_guard_that_is_taken_off_is_marked_and_nothing_lost_yet(
    old: dict[str, Any], new: dict[str, Any], what: str
) -> None:
    [(told, loses)] = found(said("AWS::RDS::DBInstance", **old), said("AWS::RDS::DBInstance", **new))
    assert what in told
    assert not loses


def test_another_rule_for_what_expires_is_to_be_looked_at() -> None:
    old, new = said("AWS::S3::Bucket"), said("AWS::S3::Bucket", LifecycleConfiguration={"Rules": []})
    assert found(old, {**new, "Properties": {"LifecycleConfiguration": {"Rules": [1]}}}) == [
        ("lets things expire by another rule: look at LifecycleConfiguration.", False)
    ]


def test_what_holds_nothing_is_not_marked() -> None:
    assert found(said("AWS::SNS::Topic"), None) == []
