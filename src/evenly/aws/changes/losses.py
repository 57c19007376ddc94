"""What a change does to data: a loud mark on whatever loses some, and a quieter one where a guard is taken off.
Pure."""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from evenly.aws.changes.templates import resources
from evenly.aws.changes.types import Action, Change, Json, Replacement

# What holds something that is in no template.
HOLDS_DATA = frozenset(
    {
        "AWS::Backup::BackupVault",
        "AWS::Cognito::UserPool",
        "AWS::DynamoDB::GlobalTable",
        "AWS::DynamoDB::Table",
        "AWS::EC2::Volume",
        "AWS::ECR::Repository",
        "AWS::EFS::FileSystem",
        "AWS::ElastiCache::CacheCluster",
        "AWS::ElastiCache::ReplicationGroup",
        "AWS::KMS::Key",
        "AWS::KMS::ReplicaKey",
        "AWS::Kinesis::Stream",
        "AWS::Logs::LogGroup",
        "AWS::OpenSearchService::Domain",
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBInstance",
        "AWS::S3::Bucket",
        "AWS::SQS::Queue",
        "AWS::SecretsManager::Secret",
    }
)
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
SNAPSHOT_BY_DEFAULT = frozenset({"AWS::RDS::DBCluster", "AWS::RDS::DBInstance"})
# What keeps data for so many days: with fewer, what is older goes.
KEPT_FOR = {
    "AWS::Logs::LogGroup": "RetentionInDays",
    "AWS::RDS::DBCluster": "BackupRetentionPeriod",
    "AWS::RDS::DBInstance": "BackupRetentionPeriod",
    "AWS::SQS::Queue": "MessageRetentionPeriod",
}
EXPIRES = {
    "AWS::ECR::Repository": "LifecyclePolicy",
    "AWS::S3::Bucket": "LifecycleConfiguration",
}
GUARDS = ("DeletionProtection", "DeletionProtectionEnabled")
KEEPING = ("Retain", "RetainExceptOnCreate", "Snapshot")


class Mark(Struct, frozen=True):
    """What becomes of the data of one resource, as a sentence about it. `loses`: something is lost, or out of the
    service's reach; else a guard is taken off, or something is left behind."""

    resource: str
    type: str
    what: str
    loses: bool


def marks(changes: Iterable[Change], old: Json, new: Json) -> tuple[Mark, ...]:
    """`old`, `new`: the stack's template as it is, and as it is to be."""
    before, after = resources(old), resources(new)
    return tuple(
        mark
        for change in changes
        if change.type in HOLDS_DATA
        for mark in _marks(change, before.get(change.resource) or {}, after.get(change.resource) or {})
    )


def _marks(change: Change, before: Json, after: Json) -> Iterator[Mark]:
    match change.action:
        case Action.REMOVE:
            what, loses = _REMOVED[_fate(change, before.get("DeletionPolicy"))]
            yield Mark(change.resource, change.type, what, loses)
        case Action.MODIFY:
            if change.replacement is not Replacement.NO:
                fate = _fate(change, after.get("UpdateReplacePolicy") or "Delete")
                may = "may be replaced" if change.replacement is Replacement.MAYBE else "is replaced"
                yield Mark(change.resource, change.type, f"{may}: {_REPLACED[fate]}", loses=True)
            yield from (
                Mark(change.resource, change.type, what, loses)
                for what, loses in _weaker(change.type, before, after)
            )
        case Action.ADD | Action.IMPORT:
            return


_REMOVED = {
    "Delete": ("is removed, and its data with it.", True),
    "Snapshot": ("is removed; a last snapshot of it is kept.", True),
    "Retain": (
        "leaves the stack and stays as it is: it costs what it did, and nothing looks after it.",
        False,
    ),
}
_REPLACED = {
    "Delete": "the new one is empty, and the old one goes with its data.",
    "Snapshot": "the new one is empty; a last snapshot of the old one is kept.",
    "Retain": "the new one is empty; the old one stays, out of the service's reach.",
}


def _fate(change: Change, policy: str | None) -> str:
    """`Delete`, `Snapshot` or `Retain`: as CloudFormation says, or by the template's policy."""
    said = (change.policy or "").removeprefix("ReplaceAnd") or policy
    if said is None:
        return "Snapshot" if change.type in SNAPSHOT_BY_DEFAULT else "Delete"
    return "Retain" if said == "RetainExceptOnCreate" else said


def _weaker(kind: str, before: Json, after: Json) -> Iterator[tuple[str, bool]]:
    """What takes less care of data than before: as a sentence, and whether some of it goes at once."""
    old, new = before.get("Properties") or {}, after.get("Properties") or {}
    days = KEPT_FOR.get(kind)
    if days and _is_less(new.get(days), old.get(days)):
        yield (
            f"keeps less: {days} is {new.get(days)}, and was {old.get(days, 'without end')}; what is older goes.",
            True,
        )
    expiring = EXPIRES.get(kind)
    if expiring and new.get(expiring) and new[expiring] != old.get(expiring):
        yield f"lets things expire by another rule: look at {expiring}.", False
    for guard in GUARDS:
        if _is_on(old.get(guard)) and not _is_on(new.get(guard)):
            yield f"is no longer guarded against deletion: {guard} is off.", False
    for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
        if before.get(policy) in KEEPING and after.get(policy, "Delete") not in KEEPING:
            yield f"would lose its data the next time: {policy} is {after.get(policy, 'Delete')}.", False


def _is_less(new: Any, old: Any) -> bool:
    """Of numbers; none at all is without end."""
    if not isinstance(new, int | str) or not str(new).isdigit():
        return False
    return old is None or (str(old).isdigit() and int(new) < int(old))


def _is_on(said: Any) -> bool:
    return said is True or str(said).lower() == "true"
