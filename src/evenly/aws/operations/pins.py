"""Whether a plan is still of what is there: the checkout that it was made from, the account, and every stack. Pure."""

from collections.abc import Iterator, Mapping

from evenly.aws.changes.plan import Plan, StackPlan
from evenly.aws.operations.desired import Desired
from evenly.errors import StateError, UsageError

AGAIN = "Plan again, and look: evenly plan -e {}"


def check_desired(plan: Plan, desired: Desired) -> None:
    """Raises UsageError for the plan of another environment, StateError where the checkout is another one than it
    was."""
    names = desired.names
    if (plan.service, plan.environment) != (names.service, names.environment):
        what = f"it is the plan of {plan.service}, {plan.environment}, and not of {names.service}, {names.environment}."
        raise UsageError(what, where="--plan", try_=f"Make one: {AGAIN.format(names.environment)[19:]}")
    differing = tuple(_differing(plan, desired))
    if differing:
        raise StateError(
            f"this is not what the plan was made from: {'; '.join(differing)}.",
            where="--plan",
            try_=AGAIN.format(names.environment),
        )


def _differing(plan: Plan, desired: Desired) -> Iterator[str]:
    if plan.region != desired.region:
        yield f"the region is {desired.region} now, and was {plan.region}"
    if plan.waves != desired.waves:
        yield "there are other stacks, or they come in another order"
        return
    for it in plan.stacks:
        if it.template != desired.of(it.concern).sha256:
            yield f"the template of {it.concern} is another one"
    if plan.source is not None and plan.source != desired.source:
        yield "what the image is built from is another source"
    assets = {it.key: it.sha256 for it in desired.assets}
    for key in sorted(assets.keys() ^ plan.assets.keys()):
        yield f"{key} is {'new' if key in assets else 'gone'}"
    yield from (
        f"{key} has other content" for key in assets if plan.assets.get(key, assets[key]) != assets[key]
    )


def check_account(plan: Plan, account: str) -> None:
    if plan.account != account:
        raise UsageError(
            f"the plan is for account {plan.account}, and these credentials are of {account}.",
            where="--plan",
            try_="Name a profile of that account: --profile NAME, or AWS_PROFILE.",
        )


def check_parameters(planned: StackPlan, actual: Mapping[str, str], environment: str) -> None:
    """Raises StateError where a value that was known is another one now."""
    moved = [
        f"{name} is {actual.get(name, 'not given')}, and was {value}"
        for name, value in planned.parameters.items()
        if value is not None and actual.get(name) != value
    ]
    if moved:
        what = f"it would be given something else than the plan said: {'; '.join(moved)}."
        raise StateError(what, where=planned.stack, try_=AGAIN.format(environment))


def check_updated(planned: StackPlan, updated: str | None, environment: str) -> None:
    """Raises StateError for a stack that somebody changed since, made, or deleted."""
    if planned.updated == updated:
        return
    if updated is None:
        what = "it was deleted since the plan was made."
    elif planned.updated is None:
        what = f"it was not there when the plan was made, and is since {updated}."
    else:
        what = f"it was changed at {updated}, after the plan was made."
    raise StateError(what, where=planned.stack, try_=AGAIN.format(environment))
