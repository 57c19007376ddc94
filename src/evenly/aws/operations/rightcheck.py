"""Whether whoever deploys has every permission for what a plan does."""

from collections.abc import Iterable, Sequence
from functools import partial

from evenly.aws.changes.plan import Plan, StackPlan
from evenly.aws.changes.types import Json
from evenly.aws.cloud.facts import Identity
from evenly.aws.operations.cloud import Cloud
from evenly.aws.operations.sidebyside import by_reason, reason, side_by_side
from evenly.aws.operations.simulating import principal, simulated
from evenly.aws.preflight.findings import Findings
from evenly.aws.preflight.hands import own_questions
from evenly.aws.preflight.missing import Missing, missing, told, told_spared
from evenly.aws.preflight.rights import Asker, own_keys, questions
from evenly.aws.topology import AwsTopology
from evenly.errors import EvenlyError

_UNKNOWN = "Whether every permission is there could not be found out: {}"


def check_rights(
    cloud: Cloud,
    topology: AwsTopology,
    plan: Plan,
    identity: Identity,
    stacks: Sequence[tuple[StackPlan, Json]],
) -> Findings:
    """`stacks`: what becomes of each, with its template."""
    iam = cloud.session.client("iam", topology.region)
    try:
        who = principal(iam, identity)
    except EvenlyError as error:
        return Findings(notes=(_UNKNOWN.format(reason(error)),))
    asker = Asker(identity.partition, identity.account, topology.region, _key(plan))
    wanted = (*questions(topology, plan, asker), *own_questions(stacks, asker))
    known, refused = side_by_side({at: partial(simulated, iam, who, it) for at, it in enumerate(wanted)})
    own = own_keys(topology)
    found = [each for at, said in known.items() for each in missing(wanted[at], said, own)]
    return _findings(found, who, refused.values())


def _key(plan: Plan) -> str | None:
    """The environment's key, as some stack takes it; `None`: it is not there yet."""
    return next((it.parameters["KeyArn"] for it in plan.stacks if it.parameters.get("KeyArn")), None)


def _findings(found: Sequence[Missing], who: str, refused: Iterable[EvenlyError]) -> Findings:
    why = by_reason({str(at): error for at, error in enumerate(refused)})
    unsure = (told(it, who) for it in found if it.unknown)
    spared = told_spared([it for it in found if not it.stops and not it.unknown], who)
    return Findings(
        tuple(told(it, who) for it in found if it.stops),
        (*unsure, *([spared] if spared else []), *(_UNKNOWN.format(it) for it in why)),
    )
