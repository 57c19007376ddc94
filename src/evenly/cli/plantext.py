"""A plan for AWS as one page for a terminal, gravest first. Pure: a plan in, lines out."""

from collections.abc import Iterator

from evenly.aws.changes.access import AccessChange, Sphere
from evenly.aws.changes.estimate import NOT_IN_IT, Estimate
from evenly.aws.changes.plan import Certainty, Drifted, Heading, Plan, StackPlan, by_heading, counts
from evenly.aws.changes.types import Action, Change, Property
from evenly.cli.words import BAD, CAREFUL, GOOD, count_of, harmless, listed, styled, table

SIGNS = {
    Heading.REPLACED: ("!", BAD),
    Heading.MAY_BE_REPLACED: ("?", CAREFUL),
    Heading.REMOVED: ("-", BAD),
    Heading.CHANGED: ("~", CAREFUL),
    Heading.ADDED: ("+", GOOD),
}
VALUE_MOST = 60  # characters of a value; the whole is in the JSON and in the Markdown
LINES_MOST = 12  # of what is only added in one stack


def plan_lines(plan: Plan) -> list[str]:
    """What it comes to, what loses data, each stack, IAM and security groups, drift, the estimate."""
    if plan.is_empty:
        return [_head(plan), "Nothing to do: AWS has what the manifest says.", *_rest(plan)]
    return [
        _head(plan),
        summary(plan),
        *_losses(plan),
        *(line for it in plan.stacks if it.changes or it.is_new or it.change_set for line in _stack(it)),
        *_access(plan),
        *_rest(plan),
    ]


def _rest(plan: Plan) -> list[str]:
    return [*_drift(plan), *_left(plan), *_estimate(plan.estimate), *_notes(plan)]


def _head(plan: Plan) -> str:
    return f"{plan.service}, {plan.environment}: account {plan.account}, {plan.region}"


def summary(plan: Plan) -> str:
    """`12 added, 1 replaced, in 3 stacks: 1 exact, 2 provisional`"""
    found = counts(plan)
    told = [f"{count} {it}" for it, count in found.items()] or ["no resource changes"]
    stacks = [it for it in plan.stacks if it.changes or it.is_new or it.change_set]
    exact = sum(it.certainty is Certainty.EXACT for it in stacks)
    sure = [f"{exact} exact"] * bool(exact) + [f"{len(stacks) - exact} provisional"] * (exact < len(stacks))
    return f"{listed(told)}, in {count_of(len(stacks), 'stack')}: {listed(sure)}"


def _losses(plan: Plan) -> list[str]:
    marks = [(stack, mark) for stack in plan.stacks for mark in stack.marks]
    loud = [_mark(stack, mark.resource, mark.type, mark.what) for stack, mark in marks if mark.loses]
    quiet = [_mark(stack, mark.resource, mark.type, mark.what) for stack, mark in marks if not mark.loses]
    return [
        *(["", styled("THIS LOSES DATA", BAD, bold=True), *(styled(it, BAD) for it in loud)] if loud else []),
        *(["", "Takes less care of data", *quiet] if quiet else []),
    ]


def _mark(stack: StackPlan, resource: str, kind: str, what: str) -> str:
    return f"  {stack.concern}: {resource} ({kind}) {what}"


# --- a stack


def _stack(stack: StackPlan) -> Iterator[str]:
    yield ""
    yield f"{styled(stack.concern, None, bold=True)}  {_how(stack)}"
    found = by_heading(stack.changes)
    added = found.pop(Heading.ADDED, ())
    told = added if len(added) <= LINES_MOST else added[: LINES_MOST - 1]
    rows = [_row(it, change) for it, changes in found.items() for change in changes]
    yield from table([*rows, *(_row(Heading.ADDED, change) for change in told)], indent="  ")
    if len(told) < len(added):
        yield f"  + and {len(added) - len(told)} more: {_kinds(added[len(told) :])}"
    if not stack.changes:
        yield "  outputs or tags alone" if stack.change_set else "  nothing changes"


def _how(stack: StackPlan) -> str:
    place = f" in {stack.region}" if stack.region == "us-east-1" else ""
    return f"{stack.certainty}{place}. {stack.why}" if stack.why else f"{stack.certainty}{place}"


def _row(it: Heading, change: Change) -> tuple[str, ...]:
    sign, colour = SIGNS[it]
    why = "; ".join(_property(each) for each in _telling(change)) if change.action is Action.MODIFY else ""
    return (styled(f"{sign} {it}", colour), change.resource, change.type, harmless(why))


def _telling(change: Change) -> tuple[Property, ...]:
    """What it is replaced for, if it is; else all that changes."""
    causes = tuple(it for it in change.properties if it.replacement is change.replacement)
    return causes or change.properties


def _property(it: Property) -> str:
    if it.before is None and it.after is None:
        return f"{it.path} (follows {it.cause})" if it.cause else it.path
    if it.before is None:
        return f"{it.path}: {_short(it.after)}"
    return f"{it.path}: {_short(it.before)} -> {_short(it.after)}"


def _short(value: str | None) -> str:
    if value is None:
        return "not set"
    return value if len(value) <= VALUE_MOST else f"{value[: VALUE_MOST - 3]}..."


def _kinds(changes: tuple[Change, ...]) -> str:
    """`3 AWS::SSM::Parameter, 1 AWS::KMS::Alias`"""
    found: dict[str, int] = {}
    for it in changes:
        found[it.type] = found.get(it.type, 0) + 1
    return ", ".join(f"{count} {kind}" for kind, count in found.items())


# --- IAM and security groups, drift, what is left, what it costs

TITLES = {Sphere.IAM: "IAM: who may do what", Sphere.NETWORK: "Security groups: who reaches whom"}


def _access(plan: Plan) -> Iterator[str]:
    for sphere, title in TITLES.items():
        found = [(stack, it) for stack in plan.stacks for it in stack.access if it.sphere is sphere]
        if found:
            yield ""
            yield styled(title, None, bold=True)
        for stack, it in found:
            yield f"  {stack.concern}: {it.resource} ({it.type}) {_done(it)}"
            yield from (styled(f"    + {harmless(line)}", GOOD) for line in it.granted)
            yield from (styled(f"    - {harmless(line)}", BAD) for line in it.withdrawn)


_DONE = {
    Action.ADD: "is added",
    Action.REMOVE: "is removed",
    Action.MODIFY: "changes",
    Action.IMPORT: "is imported",
}


def _done(it: AccessChange) -> str:
    return _DONE[it.action] if it.granted or it.withdrawn else f"{_DONE[it.action]}, and grants what it did"


def _drift(plan: Plan) -> Iterator[str]:
    found = [(stack, it) for stack in plan.stacks for it in stack.drift or ()]
    if found:
        yield ""
        yield styled("Drift: changed past the stacks, by hand or by something else", CAREFUL)
    for stack, it in found:
        yield f"  {stack.concern}: {it.resource} ({it.type}) {drifted(it)}"


def drifted(it: Drifted) -> str:
    if it.property is None:
        return "is gone"
    return harmless(f"{it.property} is {_short(it.actual)}, and was to be {_short(it.expected)}")


def _left(plan: Plan) -> Iterator[str]:
    for it in plan.left:
        yield ""
        yield f"Left: the manifest asks for {it.concern} no longer, and {it.stack} is there and costs what it did."


def _estimate(it: Estimate) -> Iterator[str]:
    yield ""
    yield f"{money(it)} a month, an estimate (list prices of {it.as_of}, {it.source}). {NOT_IN_IT}"
    priced = [line for line in it.lines if line.monthly is not None]
    yield from table([(line.what, f"{line.monthly:.2f}") for line in priced], indent="  ")
    if it.unpriced:
        yield f"  without a price, and not in the sum: {', '.join(it.unpriced)}"
    if it.factor is None:
        yield f"  no factor is known for {it.region}: taken as the dearest region"


def money(it: Estimate) -> str:
    """`About $84` or `About $84 to $190`"""
    more = f" to ${it.most:,.0f}" if round(it.most) > round(it.least) else ""
    return f"About ${it.least:,.0f}{more}"


def _notes(plan: Plan) -> Iterator[str]:
    if plan.notes:
        yield ""
        yield from plan.notes
