"""Quotas, names and permissions, looked at before the first change. What can't be found out is said, and stops
nothing."""

from functools import partial

from msgspec.structs import replace

from evenly.aws.changes.plan import Plan, StackPlan
from evenly.aws.cloud.facts import StackFacts
from evenly.aws.operations.clock import Clock
from evenly.aws.operations.cloud import Cloud
from evenly.aws.operations.desired import Desired
from evenly.aws.operations.quotacheck import check_quotas
from evenly.aws.operations.rightcheck import check_rights
from evenly.aws.operations.sidebyside import side_by_side
from evenly.aws.operations.standing import Standing, standing
from evenly.aws.operations.takencheck import check_names
from evenly.aws.preflight.findings import Findings
from evenly.aws.preflight.rights import changed
from evenly.aws.topology import AwsTopology


def preflight(cloud: Cloud, topology: AwsTopology, desired: Desired, plan: Plan, clock: Clock) -> Findings:
    """Whether a deploy of `plan` would fail, as far as that can be known. Changes nothing; asks nothing where nothing
    is changed."""
    identity = cloud.checked_identity(desired.account, desired.names.environment) if changed(plan) else None
    ahead = _ahead(cloud, plan)
    if not ahead or identity is None:
        return Findings()
    stacks = [(it, desired.of(it.concern).body) for it in ahead]
    plan = replace(plan, stacks=ahead)
    found = (
        check_quotas(cloud, clock, stacks),
        check_names(cloud, identity, stacks),
        check_rights(cloud, topology, plan, identity, stacks),
    )
    return Findings(
        tuple(text for it in found for text in it.stopping), tuple(text for it in found for text in it.notes)
    )


def _ahead(cloud: Cloud, plan: Plan) -> tuple[StackPlan, ...]:
    """The stacks that are still as they were when it was planned: what an interrupted deploy has begun is in use, and
    named, already. One that can't be asked after is taken to be ahead."""
    formations = {it.region: cloud.formation(it.region) for it in changed(plan)}
    found, _ = side_by_side(
        {it.concern: partial(formations[it.region].stack, it.stack) for it in changed(plan)}
    )
    return tuple(
        it for it in changed(plan) if it.concern not in found or _is_as_planned(it, found[it.concern])
    )


def _is_as_planned(planned: StackPlan, facts: StackFacts | None) -> bool:
    if planned.is_new:
        return standing(facts) in (Standing.ABSENT, Standing.REVIEW, Standing.FALLEN)
    return facts is not None and facts.updated == planned.updated
