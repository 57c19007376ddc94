"""An account in memory, as far as a preflight asks after it: what is in use of its quotas, what they are, and who may
what, by the same evaluation of policies as elsewhere in these tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from threading import Lock
from typing import Any

from tests.unit.aws.iam import Who
from tests.unit.aws.securityworld import environments
from tests.unit.aws.world import ACCOUNT, REGION, refuse

from evenly.aws.changes.estimate import estimate
from evenly.aws.changes.plan import Certainty, Plan, StackPlan
from evenly.aws.changes.provisional import added
from evenly.aws.cloud.session import Session
from evenly.aws.operations.cloud import Cloud
from evenly.aws.operations.desired import Desired, DesiredStack
from evenly.aws.stacks.catalogue import CONCERNS, templates
from evenly.aws.topology import AwsTopology

ADMINISTRATOR = Who([{"Statement": [{"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}]}])
PAGE = 2
# How many there are, by the operation that lists them; what is not here is there none of.
LISTS = {
    "describe_vpcs": "Vpcs",
    "describe_internet_gateways": "InternetGateways",
    "describe_vpc_endpoints": "VpcEndpoints",
    "describe_security_groups": "SecurityGroups",
}
CLOUDFRONT = {
    "list_distributions": "DistributionList",
    "list_vpc_origins": "VpcOriginList",
    "list_response_headers_policies": "ResponseHeadersPolicyList",
    "list_origin_request_policies": "OriginRequestPolicyList",
}


@dataclass
class FakeAccount:
    """`there`: by operation, how many it lists; less than none: it is not answered. `nats`: the zone of each. `quotas`:
    the account's own, by code; `defaults`: AWS's. `denies`: by operation, what is raised. `who`: whose policies are
    simulated. `stacks`: by name, the status of those that are there. `taken`: names of buckets,
    repositories and log groups. `forbids`: actions that the organisation does not
    allow; `unknown`: condition keys that no answer could know."""

    there: dict[str, int] = field(default_factory=dict)
    nats: list[str] = field(default_factory=list)
    quotas: dict[str, float] = field(default_factory=dict)
    defaults: dict[str, float] = field(default_factory=dict)
    processors: float | None = None
    denies: dict[str, Exception] = field(default_factory=dict)
    who: Who = ADMINISTRATOR
    arn: str = f"arn:aws:iam::{ACCOUNT}:user/ann"
    roles: dict[str, str] = field(default_factory=dict)
    forbids: frozenset[str] = frozenset()
    unknown: tuple[str, ...] = ()
    stacks: dict[str, str] = field(default_factory=dict)
    taken: frozenset[str] = frozenset()
    calls: list[tuple[str, str, str, dict[str, Any]]] = field(default_factory=list)

    @property
    def cloud(self) -> Cloud:
        return Cloud(Session(make=lambda service, region: _Client(self, service, region)), REGION)

    def asked(self) -> set[str]:
        return {operation for _, _, operation, _ in self.calls}


class _Client:
    def __init__(self, account: FakeAccount, service: str, region: str) -> None:
        self._account, self._service, self._region = account, service, region
        self._lock = Lock()

    def __getattr__(self, operation: str) -> Any:
        def called(**arguments: Any) -> Any:
            with self._lock:
                self._account.calls.append((self._service, self._region, operation, arguments))
            if operation in self._account.denies:
                raise self._account.denies[operation]
            return _answer(self._account, self._region, operation, arguments)

        return called


def _answer(account: FakeAccount, region: str, operation: str, said: Mapping[str, Any]) -> Any:
    count = account.there.get(operation, 0)
    if operation in LISTS:
        start = int(said.get("NextToken", 0))
        more = {"NextToken": str(start + PAGE)} if start + PAGE < count else {}
        return {LISTS[operation]: [{} for _ in range(start, min(start + PAGE, count))], **more}
    if operation in CLOUDFRONT:
        start = int(said.get("Marker", 0))
        more = {"NextMarker": str(start + PAGE)} if start + PAGE < count else {}
        return {
            CLOUDFRONT[operation]: {"Items": [{} for _ in range(start, min(start + PAGE, count))], **more}
        }
    return _ANSWERS[operation](account, said)


def _listed_quotas(quotas: Mapping[str, float]) -> Any:
    return {"Quotas": [{"QuotaCode": code, "Value": value} for code, value in quotas.items()]}


def _gateways(account: FakeAccount, _: Any) -> Any:
    return {"NatGateways": [{"SubnetId": f"subnet-{it}"} for it in account.nats]}


def _subnets(account: FakeAccount, _: Any) -> Any:
    return {"Subnets": [{"SubnetId": f"subnet-{it}", "AvailabilityZone": it} for it in account.nats]}


def _balancers(account: FakeAccount, _: Any) -> Any:
    count = account.there.get("describe_load_balancers", 0)
    return {"LoadBalancers": [*({"Type": "application"} for _ in range(count)), {"Type": "network"}]}


def _metric(account: FakeAccount, said: Mapping[str, Any]) -> Any:
    values = [] if account.processors is None else [account.processors, 99.0]
    if said.get("ScanBy") != "TimestampDescending":
        values.reverse()
    return {"MetricDataResults": [{"Id": said["MetricDataQueries"][0]["Id"], "Values": values}]}


def _summary(account: FakeAccount, _: Any) -> Any:
    own: dict[str, int] = {"Roles": 10, "RolesQuota": 1000, "Policies": 20, "PoliciesQuota": 1500}
    told = {**own, "InstanceProfiles": 1, "InstanceProfilesQuota": 1000, **account.there}
    return {"SummaryMap": {name: it for name, it in told.items() if it >= 0}}


def _stack(account: FakeAccount, said: Mapping[str, Any]) -> Any:
    name = said["StackName"]
    if name not in account.stacks:
        raise refuse("DescribeStacks", "ValidationError", f"Stack with id {name} does not exist")
    made = datetime(2026, 1, 1, tzinfo=UTC)
    return {
        "Stacks": [
            {
                "StackId": f"arn:{name}",
                "StackName": name,
                "StackStatus": account.stacks[name],
                "CreationTime": made,
            }
        ]
    }


def _role(account: FakeAccount, said: Mapping[str, Any]) -> Any:
    if said["RoleName"] not in account.roles:
        raise refuse("GetRole", "NoSuchEntity", f"The role with name {said['RoleName']} cannot be found.")
    return {"Role": {"Arn": account.roles[said["RoleName"]]}}


def _simulated(account: FakeAccount, said: Mapping[str, Any]) -> Any:
    """Two actions on a page; the answers are told resource by resource, as AWS does."""
    context = {
        it["ContextKeyName"]: ",".join(it["ContextKeyValues"]) for it in said.get("ContextEntries", ())
    }
    start = int(said.get("Marker", 0))
    results = [
        {
            "EvalActionName": action,
            "EvalResourceName": "arn:template",
            "EvalDecision": "implicitDeny",
            "ResourceSpecificResults": [
                _on(account, action, resource, context) for resource in said["ResourceArns"]
            ],
        }
        for action in said["ActionNames"][start : start + PAGE]
    ]
    is_more = start + PAGE < len(said["ActionNames"])
    more = {"IsTruncated": True, "Marker": str(start + PAGE)} if is_more else {"IsTruncated": False}
    return {"EvaluationResults": results, **more}


def _on(account: FakeAccount, action: str, resource: str, context: Mapping[str, str]) -> dict[str, Any]:
    is_forbidden = action in account.forbids
    is_allowed = account.who.asks(action, resource, context) and not is_forbidden
    return {
        "EvalResourceName": resource,
        "EvalResourceDecision": "allowed" if is_allowed else account.who.why_not(action, resource, context),
        "MissingContextValues": list(account.unknown),
        **({"OrganizationsDecisionDetail": {"AllowedByOrganizations": False}} if is_forbidden else {}),
    }


def _bucket(account: FakeAccount, said: Mapping[str, Any]) -> Any:
    if said["Bucket"] not in account.taken:
        raise refuse("HeadBucket", "404", "Not Found")
    return {}


def _repositories(account: FakeAccount, said: Mapping[str, Any]) -> Any:
    if not account.taken.issuperset(said["repositoryNames"]):
        raise refuse("DescribeRepositories", "RepositoryNotFoundException", "It does not exist")
    return {"repositories": [{}]}


def _groups(account: FakeAccount, said: Mapping[str, Any]) -> Any:
    prefix = said["logGroupNamePrefix"]
    return {"logGroups": [{"logGroupName": it} for it in account.taken if it.startswith(prefix)]}


_ANSWERS: Mapping[str, Any] = {
    "describe_account_attributes": lambda it, _: {
        "AccountQuotas": [
            {"AccountQuotaName": "AllocatedStorage", "Used": 1, "Max": 2},
            {
                "AccountQuotaName": "DBInstances",
                "Used": it.there.get("DBInstances", 0),
                "Max": it.quotas.get("DBInstances", 40),
            },
        ]
    },
    "describe_addresses": lambda it, _: {
        "Addresses": [{} for _ in range(it.there.get("describe_addresses", 0))]
    },
    "describe_availability_zones": lambda *_: {
        "AvailabilityZones": [{"ZoneName": f"{REGION}{letter}"} for letter in "abc"]
    },
    "describe_load_balancers": _balancers,
    "describe_log_groups": _groups,
    "describe_nat_gateways": _gateways,
    "describe_repositories": _repositories,
    "describe_stacks": _stack,
    "describe_subnets": _subnets,
    "get_account_limit": lambda it, said: {
        "Limit": {"Type": said["Type"], "Value": 500},
        "Count": it.there.get(said["Type"], 0),
    },
    "get_account_summary": _summary,
    "get_caller_identity": lambda it, _: {"Account": ACCOUNT, "Arn": it.arn, "UserId": "AIDA"},
    "get_metric_data": _metric,
    "get_role": _role,
    "head_bucket": _bucket,
    "list_aws_default_service_quotas": lambda it, _: _listed_quotas(it.defaults),
    "list_service_quotas": lambda it, _: _listed_quotas(it.quotas),
    "simulate_principal_policy": _simulated,
}


# --- plans


@cache
def whole(which: str) -> Desired:
    """One of the environments of `securityworld`."""
    return wanted(environments()[which])


def wanted(topology: AwsTopology) -> Desired:
    """All stacks of the environment, from their templates."""
    stacks = tuple(
        DesiredStack(
            concern, topology.names.stack(concern), REGIONS.get(concern, topology.region), it.to_dict(), ""
        )
        for concern, it in templates(topology).items()
    )
    return Desired(
        topology.names,
        topology.region,
        topology.account,
        topology.production,
        {},
        stacks,
        tuple((it.concern,) for it in stacks),
    )


REGIONS = {it.name: it.region for it in CONCERNS if it.region is not None}


def planned(
    all_of_it: Desired, there: Sequence[str] = (), changing: Sequence[str] = (), key: str | None = None
) -> Plan:
    """What making it comes to, but for the stacks that are `there`; of those, `changing` ones change outputs alone.
    `key`: the ARN of the environment's key, where it is known."""
    stacks = tuple(
        StackPlan(
            it.concern,
            it.stack,
            it.region,
            Certainty.PROVISIONAL,
            None,
            () if it.concern in there else added(it.body),
            (),
            (),
            "",
            {"KeyArn": key} if "KeyArn" in it.body.get("Parameters", {}) else {},
            "2026-01-01T00:00:00+00:00" if it.concern in there else None,
            "arn:set" if it.concern in changing else None,
        )
        for it in all_of_it.stacks
    )
    names = all_of_it.names
    return Plan(
        id="p1",
        service=names.service,
        environment=names.environment,
        account=ACCOUNT,
        region=all_of_it.region,
        made="2026-01-01",
        waves=all_of_it.waves,
        stacks=stacks,
        estimate=estimate([], all_of_it.region),
    )
