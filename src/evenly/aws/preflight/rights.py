"""What whoever deploys has to be allowed, as questions to IAM's simulator: made from the policies of reader and
deployer that the security stack has, so that it is said once. What the questions take themselves is not asked after:
who may not ask is told so. Pure.

What the simulator can't know: policies of buckets and keys that allow more, and those of a session.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct

from evenly.aws.changes.plan import Plan, StackPlan
from evenly.aws.operations.desired import OWN_ROLE
from evenly.aws.stacks.common import Statement
from evenly.aws.stacks.security.deployer import deploys
from evenly.aws.stacks.security.reader import reads
from evenly.aws.topology import AwsTopology, Reach

# Of what the reader may, what no deploy can do without: it watches what it does.
WATCHED = frozenset(
    {
        "cloudformation:DescribeChangeSet",
        "cloudformation:DescribeStackEvents",
        "cloudformation:DescribeStacks",
    }
)
# Of what the deployer may, what a deploy that goes well can do without.
SPARED = frozenset(
    {
        "cloudformation:CancelUpdateStack",
        "cloudformation:ContinueUpdateRollback",
        "cloudformation:DeleteChangeSet",
        "cloudformation:DeleteStack",
        "cloudformation:TagResource",
        "cloudformation:UntagResource",
        "cloudformation:UpdateTerminationProtection",
        "acm:DeleteCertificate",
        "states:StopExecution",
    }
)
# An image is pushed from here or built there: which of the two turns out when it is made.
ONE_OF_TWO = ("codebuild:", "ecr:")
BY_ROLE = "cloudformation:RoleArn"


class Asker(Struct, frozen=True):
    """Who asks, and for where. `key`: the ARN of the environment's key; `None`: there is none yet."""

    partition: str
    account: str
    region: str
    key: str | None = None


class Question(Struct, frozen=True):
    """Whether `actions` are allowed on all of `resources`, examples of what `statement` is about, in a `context`.
    `needed`: those of the actions without which the deploy can't go on. `statement`: would allow it, without its
    actions."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    context: Mapping[str, tuple[str, ...]]
    needed: frozenset[str]
    statement: Mapping[str, Any]


def changed(plan: Plan) -> tuple[StackPlan, ...]:
    """The stacks that the plan does something to."""
    return tuple(it for it in plan.stacks if it.changes or it.is_new or it.change_set)


def questions(topology: AwsTopology, plan: Plan, asker: Asker) -> tuple[Question, ...]:
    stacks = changed(plan)
    seen = [_question(it, stacks, asker, _needed(it, WATCHED)) for it in reads(topology)]
    done = [
        _question(it, stacks, asker, _needed(it, frozenset(it.actions) - SPARED))
        for it in deploys(topology)
        if it.effect == "Allow" and _is_wanted(it, topology)
    ]
    return tuple(it for it in (*seen, *done) if it is not None)


def own_keys(topology: AwsTopology) -> frozenset[str]:
    """The condition keys of the policies themselves: a simulation without them is none the less certain."""
    conditions = (it.conditions for it in (*reads(topology), *deploys(topology)))
    return frozenset(key.lower() for said in conditions for keys in said.values() for key in keys)


def _needed(statement: Statement, those: frozenset[str]) -> frozenset[str]:
    return frozenset(it for it in statement.actions if it in those and not it.startswith(ONE_OF_TWO))


def _is_wanted(statement: Statement, topology: AwsTopology) -> bool:
    """Whether this environment ever does it."""
    if any(it.startswith("acm:") for it in statement.actions):
        return topology.reach is Reach.BALANCER
    if any(it.startswith("states:") for it in statement.actions):
        return topology.own_database is not None
    return True


def _question(
    statement: Statement, stacks: Sequence[StackPlan], asker: Asker, needed: frozenset[str]
) -> Question | None:
    """`None` where it is about nothing that there is, or that is changed."""
    patterns = [filled(it, asker) for it in statement.resources]
    known = [it for it in patterns if "${" not in it]
    by_role = BY_ROLE in statement.conditions.get("StringEquals", {})
    those = [it for it in stacks if not (by_role and it.concern in OWN_ROLE)]
    examples = tuple(dict.fromkeys(one for it in known for one in _examples(it, those, asker)))
    if not examples:
        return None
    conditions = filled_in(statement.conditions, asker)
    told = {"Effect": "Allow", "Resource": known, **({"Condition": conditions} if conditions else {})}
    return Question(statement.actions, examples, context(conditions), needed, told)


def _examples(pattern: str, stacks: Sequence[StackPlan], asker: Asker) -> Iterator[str]:
    """ARNs that a pattern stands for: of stacks those that are changed."""
    if ":cloudformation:" in pattern:
        arns = (stack_arn(it, asker) for it in stacks)
        yield from (it for it in arns if fnmatchcase(it, pattern))
    elif pattern == "*":
        yield pattern
    else:
        yield pattern.replace("*", "x").replace("?", "x")


def stack_arn(stack: StackPlan, asker: Asker) -> str:
    return f"arn:{asker.partition}:cloudformation:{stack.region}:{asker.account}:stack/{stack.stack}/x"


def context(conditions: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """The keys that conditions ask for, with values that fulfil them."""
    return {
        key: tuple(str(it).replace("*", "x") for it in (wanted if isinstance(wanted, list) else [wanted]))
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
        if operator != "Null"
    }


def filled(text: Any, asker: Asker) -> str:
    """With what a template fills in; what is not known yet stays as it is."""
    known = {
        "AWS::Partition": asker.partition,
        "AWS::AccountId": asker.account,
        "AWS::Region": asker.region,
        **({"KeyArn": asker.key} if asker.key else {}),
    }
    plain = text if isinstance(text, str) else str(getattr(text, "data", {}).get("Fn::Sub", text))
    found = re.sub(r"\$\{([^!}]+)\}", lambda it: known.get(it[1], it[0]), plain)
    return re.sub(r"\$\{!([^}]+)\}", "*", found)


def written(value: Any, asker: Asker) -> str | None:
    """A property of a template as text; `None` for one that is not there, or follows another resource."""
    match value:
        case str():
            return value
        case {"Fn::Sub": str(text)}:
            return filled(text, asker)
        case _:
            return None


def filled_in(conditions: Mapping[str, Any], asker: Asker) -> dict[str, dict[str, Any]]:
    return {
        operator: {key: _value(wanted, asker) for key, wanted in keys.items()}
        for operator, keys in conditions.items()
    }


def _value(wanted: Any, asker: Asker) -> Any:
    if isinstance(wanted, list | tuple):
        return [filled(it, asker) for it in wanted]
    return filled(wanted, asker)
