"""Whether the account's quotas have room for what a plan adds."""

from collections.abc import Mapping, Sequence
from functools import partial

from evenly.aws.changes.plan import StackPlan
from evenly.aws.changes.types import Json
from evenly.aws.operations.clock import Clock
from evenly.aws.operations.cloud import Cloud
from evenly.aws.operations.sidebyside import by_reason, side_by_side
from evenly.aws.operations.usage import limits, reader
from evenly.aws.preflight.counting import Need, needs, unknown_hosts
from evenly.aws.preflight.findings import Findings
from evenly.aws.preflight.shortages import shortages, told
from evenly.errors import EvenlyError


def check_quotas(cloud: Cloud, clock: Clock, stacks: Sequence[tuple[StackPlan, Json]]) -> Findings:
    """`stacks`: what becomes of each, with its template."""
    wanted = needs(stacks)
    uses, unused = side_by_side({it: reader(cloud, clock, it.quota.key, it.region) for it in wanted})
    asked = [it for it in wanted if it in uses and uses[it].limit is None and it.quota.code]
    applied, unlimited = _limits(cloud, asked)
    short = shortages(wanted, uses, applied)
    return Findings(
        tuple(told(it, cloud.session.profile) for it in short if it.is_certain),
        (
            *(told(it, cloud.session.profile) for it in short if not it.is_certain),
            *_notes({f"what is in use of {it.quota.name}": error for it, error in unused.items()}),
            *_notes({f"the account's own of {service}": error for service, error in unlimited.items()}),
            *(
                f"Which quota hosts of the type {it} count against is not known."
                for it in unknown_hosts(stacks)
            ),
        ),
    )


def _limits(cloud: Cloud, wanted: Sequence[Need]) -> tuple[dict[Need, float], dict[str, EvenlyError]]:
    """By one call a service and region; the refused by their service."""
    codes: dict[tuple[str, str], list[str]] = {}
    for it in wanted:
        codes.setdefault((it.quota.service, it.region), []).append(it.quota.code or "")
    clients = {region: cloud.session.client("service-quotas", region) for _, region in codes}
    known, refused = side_by_side(
        {place: partial(limits, clients[place[1]], place[0], those) for place, those in codes.items()}
    )
    told = {it: known.get((it.quota.service, it.region), {}).get(it.quota.code or "") for it in wanted}
    return (
        {it: value for it, value in told.items() if value is not None},
        {service: error for (service, _), error in refused.items()},
    )


def _notes(refused: Mapping[str, EvenlyError]) -> tuple[str, ...]:
    return tuple(
        f"Not every quota could be looked at ({'; '.join(names)}): {why}"
        for why, names in by_reason(refused).items()
    )
