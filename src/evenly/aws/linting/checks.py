"""What no rule over one template can see: parameters against outputs, names against those who use them, zones. Pure."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from evenly.aws.exceptions import unlisted
from evenly.aws.linting.findings import Severity, TemplateFinding
from evenly.aws.linting.values import list_of, plain, resources, texts
from evenly.aws.packages.packaging import Origin, Package, Packaged

LARGEST = 1024 * 1024  # bytes of a template in a bucket; of one that is sent along with the request:
LARGEST_SENT = (
    51_200  # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
)
FIRST = "foundation"  # before it is there no bucket is

# What the account or the region has once.
NAMES = {
    "AWS::CodeBuild::Project": "Name",
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::ECS::Cluster": "ClusterName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::RDS::DBInstance": "DBInstanceIdentifier",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SSM::Parameter": "Name",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}
# Where the subnets are that something stands in.
PLACES = {
    "AWS::AutoScaling::AutoScalingGroup": ("VPCZoneIdentifier",),
    "AWS::ECS::Service": ("NetworkConfiguration", "AwsvpcConfiguration", "Subnets"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ("Subnets",),
    "AWS::RDS::DBSubnetGroup": ("SubnetIds",),
}
ROLE = re.compile(r"^arn:\$\{AWS::Partition\}:iam::\$\{AWS::AccountId\}:role/([\w+=,.@-]+)$")
POLICY = re.compile(r"^arn:\$\{AWS::Partition\}:iam::\$\{AWS::AccountId\}:policy/([\w+=,.@-]+)$")
NUMBER = re.compile(r"(\d+|[A-Z])$")  # of a logical id: PublicA, Public1

Check = Callable[[Package], Iterator[TemplateFinding]]


class About(Struct, frozen=True):
    """What a check says, wherever it finds something."""

    rule: str
    what: str
    try_: str

    def at(self, stack: Packaged, resource: str, **more: object) -> TemplateFinding:
        return TemplateFinding(
            stack.concern, resource, self.rule, Severity.ERROR, self.what.format(**more), self.try_
        )


def check_findings(package: Package) -> tuple[TemplateFinding, ...]:
    return tuple(found for check in CHECKS for found in check(package))


def template_fits(package: Package) -> Iterator[TemplateFinding]:
    about = About(
        "template_fits", "The template has {size} bytes, of at most {most}.", "Split it into two stacks."
    )
    for it in package.stacks:
        size, most = len(it.text.encode()), LARGEST_SENT if it.concern == FIRST else LARGEST
        if size > most:
            yield about.at(it, "", size=size, most=most)


def parameter_has_a_source(package: Package) -> Iterator[TemplateFinding]:
    about = About(
        "parameter_has_a_source",
        "Nothing gives it a value.",
        "Name it after an output of another stack, or give it a default.",
    )
    for it in package.stacks:
        yield from (
            about.at(it, key) for key, source in it.parameters.items() if source.origin is Origin.NOWHERE
        )


def output_is_one_stacks_own(package: Package) -> Iterator[TemplateFinding]:
    about = About(
        "output_is_one_stacks_own", "The stack {other} has an output of that name too.", "Name it otherwise."
    )
    seen: dict[str, str] = {}
    for it in package.stacks:
        for name in it.body.get("Outputs", ()):
            if name in seen:
                yield about.at(it, name, other=seen[name])
            seen.setdefault(name, it.concern)


def name_is_used_once(package: Package) -> Iterator[TemplateFinding]:
    about = About("name_is_used_once", "Something else is called {name} too.", "Name one of them otherwise.")
    found = [
        (stack, key, said["Type"], name)
        for stack in package.stacks
        for key, said in resources(stack.body)
        if (name := plain(said.get("Properties", {}).get(NAMES.get(said["Type"], ""))))
    ]
    counts = Counter((stack.region, kind, name) for stack, _, kind, name in found)
    for stack, key, kind, name in found:
        if counts[stack.region, kind, name] > 1:
            yield about.at(stack, key, name=name)


def bucket_has_a_policy(package: Package) -> Iterator[TemplateFinding]:
    about = About(
        "bucket_has_a_policy", "No policy says who may not use the bucket.", "Give it one: no plain HTTP."
    )
    for it in package.stacks:
        under = {
            plain(said["Properties"].get("Bucket"))
            for _, said in resources(it.body)
            if said["Type"] == "AWS::S3::BucketPolicy"
        }
        for key, said in resources(it.body):
            if said["Type"] == "AWS::S3::Bucket" and not under & {
                key,
                plain(said["Properties"].get("BucketName")),
            }:
                yield about.at(it, key)


def role_is_there(package: Package) -> Iterator[TemplateFinding]:
    """Of roles and policies that are named before they are there."""
    missing = About(
        "role_is_there", "There is no {kind} {name}.", "Make it in the security stack, or name another."
    )
    late = About(
        "role_is_there",
        "The {kind} {name} is not there yet when the stack is made.",
        "Put the stack after security.",
    )
    made = _made_in(package)
    for number, wave in enumerate(package.waves):
        for it in map(package.stack, wave):
            for key, said in resources(it.body):
                for kind, type_, name in _named(said):
                    where = made.get((type_, name))
                    if where is None:
                        yield missing.at(it, key, kind=kind, name=name)
                    elif where[0] >= number and where[1] != it.concern:
                        yield late.at(it, key, kind=kind, name=name)


def _made_in(package: Package) -> dict[tuple[str, str | None], tuple[int, str]]:
    """In which wave and stack a role or policy is made, by its type and name."""
    kinds = ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy")
    return {
        (said["Type"], plain(said["Properties"].get(NAMES[said["Type"]]))): (number, concern)
        for number, wave in enumerate(package.waves)
        for concern in wave
        for _, said in resources(package.stack(concern).body)
        if said["Type"] in kinds
    }


def _named(said: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for text in texts(said.get("Properties", {})):
        if found := ROLE.match(text):
            yield "role", "AWS::IAM::Role", found[1]
        elif found := POLICY.match(text):
            yield "policy", "AWS::IAM::ManagedPolicy", found[1]


def log_group_exists(package: Package) -> Iterator[TemplateFinding]:
    about = About("log_group_exists", "There is no log group {name}.", "Make it, with a retention.")
    made = {
        plain(said["Properties"].get("LogGroupName"))
        for it in package.stacks
        for _, said in resources(it.body)
        if said["Type"] == "AWS::Logs::LogGroup"
    }
    for it in package.stacks:
        for key, said in resources(it.body):
            if said["Type"] != "AWS::ECS::TaskDefinition":
                continue
            for container in said["Properties"].get("ContainerDefinitions", ()):
                group = container.get("LogConfiguration", {}).get("Options", {}).get("awslogs-group")
                if isinstance(group, str) and group not in made:
                    yield about.at(it, key, name=group)


def subnets_are_in_the_zones(package: Package) -> Iterator[TemplateFinding]:
    """Those that are called alike but for their number are in as many zones as there are to be."""
    about = About(
        "subnets_are_in_the_zones",
        "The subnets {kind} are in {count} zones, not {zones}.",
        "Put each into its own zone.",
    )
    zones = package.topology.zones
    for it in package.stacks:
        kinds: dict[str, list[str]] = {}
        for key, said in resources(it.body):
            if said["Type"] == "AWS::EC2::Subnet":
                kinds.setdefault(NUMBER.sub("", key), []).append(
                    str(said["Properties"].get("AvailabilityZone"))
                )
        for kind, said_zones in kinds.items():
            if len(set(said_zones)) < zones:
                yield about.at(it, "", kind=kind, count=len(set(said_zones)), zones=zones)


def it_stands_in_the_zones(package: Package) -> Iterator[TemplateFinding]:
    about = About(
        "it_stands_in_the_zones", "It stands in {count} subnets, not {zones}.", "Give it one in each zone."
    )
    outputs = {
        key: said["Value"] for it in package.stacks for key, said in it.body.get("Outputs", {}).items()
    }
    for it in package.stacks:
        for key, said in resources(it.body):
            if said["Type"] not in PLACES:
                continue
            found = list_of(_at(said.get("Properties", {}), PLACES[said["Type"]]), outputs)
            if found is not None and len({str(each) for each in found}) < package.topology.zones:
                yield about.at(it, key, count=len(found), zones=package.topology.zones)


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def roles_are_the_security_teams(package: Package) -> Iterator[TemplateFinding]:
    about = About(
        "roles_are_the_security_teams",
        "Who may do what is not said in the security stack.",
        "Make it there: one team owns that template.",
    )
    for it in package.stacks:
        if it.own or it.concern == "security":
            continue
        yield from (
            about.at(it, key) for key, said in resources(it.body) if said["Type"].startswith("AWS::IAM::")
        )


def policy_is_narrow(package: Package) -> Iterator[TemplateFinding]:
    """Each action by itself: a rule that a policy is excepted from says no more of what is added to it."""
    about = About(
        "policy_is_narrow",
        "It gives {what}, which no exception names.",
        "Name the resources, or add a condition that keeps it to the environment.",
    )
    for it in package.stacks:
        if not it.own:
            wide = unlisted(package.topology.names, it.concern, it.body)
            yield from (about.at(it, key, what=what) for key, what in wide)


CHECKS: tuple[Check, ...] = (
    template_fits,
    parameter_has_a_source,
    output_is_one_stacks_own,
    name_is_used_once,
    bucket_has_a_policy,
    role_is_there,
    log_group_exists,
    subnets_are_in_the_zones,
    it_stands_in_the_zones,
    roles_are_the_security_teams,
    policy_is_narrow,
)
