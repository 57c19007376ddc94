"""Whether what a plan would make is there already, under the very name."""

from collections.abc import Sequence
from functools import partial

from evenly.aws.changes.plan import StackPlan
from evenly.aws.changes.types import Json
from evenly.aws.cloud.facts import Identity
from evenly.aws.cloud.refusals import DeniedError
from evenly.aws.cloud.session import Asked
from evenly.aws.operations.cloud import Cloud
from evenly.aws.operations.sidebyside import by_reason, side_by_side
from evenly.aws.preflight.findings import Findings
from evenly.aws.preflight.taken import Named, named, told

_SERVICES = {"AWS::ECR::Repository": "ecr", "AWS::Logs::LogGroup": "logs", "AWS::S3::Bucket": "s3"}


def check_names(cloud: Cloud, identity: Identity, stacks: Sequence[tuple[StackPlan, Json]]) -> Findings:
    """`stacks`: what becomes of each, with its template."""
    wanted = tuple(named(stacks, identity.partition, identity.account))
    asks = {it: partial(_is_there, cloud.session.client(_SERVICES[it.kind], it.region), it) for it in wanted}
    known, refused = side_by_side(asks)
    hidden = by_reason({it.name: error for it, error in refused.items()})
    return Findings(
        tuple(told(it, cloud.session.profile) for it in wanted if known.get(it)),
        tuple(
            f"Whether this is there already could not be found out: {', '.join(names)}: {why}"
            for why, names in hidden.items()
        ),
    )


def _is_there(asked: Asked, it: Named) -> bool:
    match it.kind:
        case "AWS::ECR::Repository":
            missing = ("RepositoryNotFoundException",)
            return asked.unless(missing, "describe_repositories", repositoryNames=[it.name]) is not None
        case "AWS::Logs::LogGroup":
            said = asked.call("describe_log_groups", logGroupNamePrefix=it.name)
            return any(group["logGroupName"] == it.name for group in said["logGroups"])
        case "AWS::S3::Bucket":
            return _is_bucket(asked, it.name)


def _is_bucket(asked: Asked, name: str) -> bool:
    """One that may not be looked at is there as well."""
    try:
        return asked.unless(("404", "NoSuchBucket"), "head_bucket", Bucket=name) is not None
    except DeniedError:
        return True
