"""Every role and policy of the environment: the security team's own template. Pure.

One role a purpose, under the names that `aws.naming` makes, so that no other stack needs anything of this one but
that it is there. Each role has one policy, under the same name, and a ceiling that it can't be lifted over (a
permissions boundary): what runs has one of exactly the actions that its roles have together; CloudFormation's service
role has one of its own. What is not as narrow as AWS allows is listed, with its reason, in `aws.exceptions`.
"""

from collections.abc import Iterable, Mapping, Sequence

from troposphere import Ref, Template, iam

from evenly.aws.stacks.common import Stack, Statement, policy, trust_without_source
from evenly.aws.stacks.security.ceilings import ceiling, cloudformation_ceiling
from evenly.aws.stacks.security.cloudformation import policies
from evenly.aws.stacks.security.database import database_roles
from evenly.aws.stacks.security.deployer import deploys, looks_first, operates
from evenly.aws.stacks.security.network import network_roles
from evenly.aws.stacks.security.reader import reads
from evenly.aws.stacks.security.statements import Role
from evenly.aws.stacks.security.tasks import task_roles
from evenly.aws.topology import AwsTopology

CONCERN = "security"
SERVICE_ROLE = "cloudformation"
# By the service of AWS that it is given to; a role that nobody is given by a stack is not here.
GIVEN_TO: Mapping[str, tuple[str, ...]] = {
    "codebuild.amazonaws.com": ("build",),
    "ec2.amazonaws.com": ("host",),
    "ecs-tasks.amazonaws.com": ("execution", "task", "migration"),
    "ecs.amazonaws.com": ("traffic",),
    "lambda.amazonaws.com": ("door-open", "door-close", "rotation", "default-group"),
    "monitoring.rds.amazonaws.com": ("database-monitoring",),
    "scheduler.amazonaws.com": ("door-schedule", "jobs-schedule"),
    "states.amazonaws.com": ("door", "jobs"),
    "vpc-flow-logs.amazonaws.com": ("flow-logs",),
}


def template(topology: AwsTopology) -> Template:
    stack = Stack(topology, CONCERN, "every role and policy, and the ceilings over them")
    stack.key()
    roles = running_roles(topology)
    _managed(
        stack, "Boundary", "boundary", "What no role that runs may go beyond", ceiling(topology.names, roles)
    )
    for role in roles:
        _role(stack, role)
    if topology.on_hosts:
        _profile(stack)
    _service_role(stack, roles)
    _managed(stack, "Reader", "reader", "For whoever looks: status, logs", reads(topology))
    _managed(stack, "Deployer", "deployer", "For whoever deploys, beside the reader's", deploys(topology))
    _managed(
        stack, "Preflight", "preflight", "For whoever deploys: quotas and permissions first", looks_first()
    )
    _managed(stack, "Operator", "operator", "For shells, secrets and emptying buckets", operates(topology))
    return stack.finished()


def running_roles(topology: AwsTopology) -> tuple[Role, ...]:
    """All but CloudFormation's."""
    return (*task_roles(topology), *network_roles(topology), *database_roles(topology))


def title(purpose: str) -> str:
    """`door-open` as logical ids begin: `DoorOpen`."""
    return "".join(word.capitalize() for word in purpose.split("-"))


def _role(stack: Stack, role: Role) -> None:
    name = title(role.purpose)
    _managed(stack, f"{name}Policy", role.purpose, role.said, role.statements)
    _bounded(stack, f"{name}Role", role, "Boundary", (f"{name}Policy",))


def _bounded(stack: Stack, name: str, role: Role, boundary: str, policies: Iterable[str]) -> iam.Role:
    return stack.add(
        iam.Role(
            name,
            RoleName=stack.names.role(role.purpose),
            Description=role.said,
            AssumeRolePolicyDocument=role.trusts,
            ManagedPolicyArns=[Ref(it) for it in policies],
            PermissionsBoundary=Ref(boundary),
        )
    )


def _managed(
    stack: Stack, name: str, purpose: str, said: str, statements: Sequence[Statement]
) -> iam.ManagedPolicy:
    return stack.add(
        iam.ManagedPolicy(
            name,
            ManagedPolicyName=stack.names.role(purpose),
            Description=said,
            PolicyDocument=policy(statements),
        )
    )


def _profile(stack: Stack) -> None:
    stack.add(
        iam.InstanceProfile(
            "HostProfile", InstanceProfileName=stack.names.role("host"), Roles=[Ref("HostRole")]
        )
    )


def _service_role(stack: Stack, roles: Sequence[Role]) -> None:
    """AWS documents no source that CloudFormation would name."""
    said = "Makes the environment's stacks, in CloudFormation's hands"
    boundary = _managed(
        stack,
        f"{title(SERVICE_ROLE)}Boundary",
        f"boundary-{SERVICE_ROLE}",
        "What CloudFormation may not go beyond",
        cloudformation_ceiling(stack.names),
    )
    made = [
        _managed(
            stack,
            f"{title(SERVICE_ROLE)}{title(it)}Policy",
            f"{SERVICE_ROLE}-{it}",
            f"{said}: {it}",
            statements,
        )
        for it, statements in policies(stack.topology, given(roles)).items()
    ]
    role = Role(SERVICE_ROLE, said, trust_without_source("cloudformation.amazonaws.com"), ())
    _bounded(stack, f"{title(SERVICE_ROLE)}Role", role, boundary.title, [it.title for it in made])


def given(roles: Sequence[Role]) -> dict[str, tuple[str, ...]]:
    """`GIVEN_TO`, of the roles that there are."""
    there = {it.purpose for it in roles}
    found = {service: tuple(it for it in many if it in there) for service, many in GIVEN_TO.items()}
    return {service: many for service, many in found.items() if many}
