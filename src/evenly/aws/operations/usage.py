"""How much of the account's quotas is in use, and what the account's own quotas are: a call or two for each.

What a service tells of its own quotas is taken from it; the rest from Service Quotas and, where the use has no cheap
list, from the usage metrics. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Service-Quota-Integration.html
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from evenly.aws.cloud.session import Asked
from evenly.aws.operations.clock import Clock
from evenly.aws.operations.cloud import Cloud
from evenly.aws.preflight.quotas import Key
from evenly.aws.preflight.shortages import Use

PAGE = 1000  # most entries of EC2's pages
QUOTAS_PAGE = 100  # and of Service Quotas'
RECENT = timedelta(minutes=30)  # usage metrics come every 5 minutes
COUNTED_NATS = ("pending", "available", "deleting")

Read = Callable[[], Use]


def reader(cloud: Cloud, clock: Clock, key: Key, region: str) -> Read:
    """What finds it out when it is called, of another thread too: the clients are made here."""
    service, read = _READERS[key]
    asked = cloud.session.client(service, region)
    return lambda: read(asked, clock)


def limits(asked: Asked, service: str, codes: Sequence[str]) -> dict[str, float]:
    """By code, the account's own quotas; else AWS's for everybody. What has neither is not in it. `asked`: a client of
    Service Quotas."""
    found = dict(_values(asked, "list_service_quotas", service))
    if any(it not in found for it in codes):
        found = dict(_values(asked, "list_aws_default_service_quotas", service)) | found
    return {it: found[it] for it in codes if it in found}


def _values(asked: Asked, operation: str, service: str) -> Iterator[tuple[str, float]]:
    for it in asked.entries(operation, "Quotas", ServiceCode=service, MaxResults=QUOTAS_PAGE):
        if it.get("Value") is not None:
            yield it["QuotaCode"], float(it["Value"])


# --- by list


def _listed(operation: str, key: str, **arguments: Any) -> Callable[[Asked, Clock], Use]:
    def read(asked: Asked, _: Clock) -> Use:
        return Use(sum(1 for _ in asked.entries(operation, key, **arguments)))

    return read


def _addresses(asked: Asked, _: Clock) -> Use:
    """It has no pages."""
    return Use(len(asked.call("describe_addresses")["Addresses"]))


def _nats(asked: Asked, _: Clock) -> Use:
    """Of the zone that has fewest, and of the one that has most."""
    state = [{"Name": "state", "Values": list(COUNTED_NATS)}]
    gateways = list(asked.entries("describe_nat_gateways", "NatGateways", Filter=state, MaxResults=PAGE))
    subnets = asked.entries("describe_subnets", "Subnets", MaxResults=PAGE) if gateways else ()
    zone_of = {it["SubnetId"]: it["AvailabilityZone"] for it in subnets}
    zones = [it["ZoneName"] for it in asked.call("describe_availability_zones")["AvailabilityZones"]]
    counts = dict.fromkeys(zones, 0)
    for it in gateways:
        zone = zone_of.get(it.get("SubnetId", ""))
        if zone in counts:
            counts[zone] += 1
    return Use(min(counts.values(), default=0), most=max(counts.values(), default=0))


def _balancers(asked: Asked, _: Clock) -> Use:
    there = (
        it
        for page in asked.pages("describe_load_balancers", "Marker", "NextMarker")
        for it in page["LoadBalancers"]
    )
    return Use(sum(it.get("Type") == "application" for it in there))


def _of_cloudfront(operation: str, key: str, **arguments: Any) -> Callable[[Asked, Clock], Use]:
    def read(asked: Asked, _: Clock) -> Use:
        count, marker = 0, None
        while True:
            said = asked.call(operation, Marker=marker, **arguments)[key]
            count += len(said.get("Items") or ())
            marker = said.get("NextMarker")
            if not marker:
                return Use(count)

    return read


def _within(_: Asked, __: Clock) -> Use:
    """What is counted within what is newly made."""
    return Use(0)


# --- by what the service says itself


def _databases(asked: Asked, _: Clock) -> Use:
    said = asked.call("describe_account_attributes")["AccountQuotas"]
    found = next(it for it in said if it["AccountQuotaName"] == "DBInstances")
    return Use(found["Used"], limit=found["Max"])


def _of_iam(name: str) -> Callable[[Asked, Clock], Use]:
    def read(asked: Asked, _: Clock) -> Use:
        said = asked.call("get_account_summary")["SummaryMap"]
        return Use(said[name], limit=said.get(f"{name}Quota"))

    return read


def _of_route53(kind: str) -> Callable[[Asked, Clock], Use]:
    def read(asked: Asked, _: Clock) -> Use:
        said = asked.call("get_account_limit", Type=kind)
        return Use(said["Count"], limit=said["Limit"]["Value"])

    return read


# --- by metric


def _processors(service: str) -> Callable[[Asked, Clock], Use]:
    """Nothing is told of what nobody has used."""

    def read(asked: Asked, clock: Clock) -> Use:
        now = datetime.fromtimestamp(clock.now(), UTC)
        dimensions = {
            "Service": service,
            "Type": "Resource",
            "Resource": "vCPU",
            "Class": "Standard/OnDemand",
        }
        said = asked.call(
            "get_metric_data",
            MetricDataQueries=[{"Id": "used", "MetricStat": _statistic(dimensions)}],
            StartTime=now - RECENT,
            EndTime=now,
            ScanBy="TimestampDescending",
        )
        values = said["MetricDataResults"][0]["Values"] if said["MetricDataResults"] else []
        return Use(values[0] if values else 0)

    return read


def _statistic(dimensions: Mapping[str, str]) -> dict[str, Any]:
    return {
        "Metric": {
            "Namespace": "AWS/Usage",
            "MetricName": "ResourceCount",
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        },
        "Period": 300,
        "Stat": "Maximum",
    }


_GATEWAYS = [{"Name": "vpc-endpoint-type", "Values": ["Gateway"]}]
_READERS: Mapping[Key, tuple[str, Callable[[Asked, Clock], Use]]] = {
    "vpcs": ("ec2", _listed("describe_vpcs", "Vpcs", MaxResults=PAGE)),
    "internet-gateways": (
        "ec2",
        _listed("describe_internet_gateways", "InternetGateways", MaxResults=PAGE),
    ),
    "gateway-endpoints": (
        "ec2",
        _listed("describe_vpc_endpoints", "VpcEndpoints", Filters=_GATEWAYS, MaxResults=PAGE),
    ),
    "elastic-ips": ("ec2", _addresses),
    "nat-gateways": ("ec2", _nats),
    "security-groups": ("ec2", _listed("describe_security_groups", "SecurityGroups", MaxResults=PAGE)),
    "security-group-rules": ("ec2", _within),
    "load-balancers": ("elbv2", _balancers),
    "db-instances": ("rds", _databases),
    "host-processors": ("cloudwatch", _processors("EC2")),
    "fargate-processors": ("cloudwatch", _processors("Fargate")),
    "distributions": ("cloudfront", _of_cloudfront("list_distributions", "DistributionList")),
    "vpc-origins": ("cloudfront", _of_cloudfront("list_vpc_origins", "VpcOriginList")),
    "response-headers-policies": (
        "cloudfront",
        _of_cloudfront("list_response_headers_policies", "ResponseHeadersPolicyList", Type="custom"),
    ),
    "origin-request-policies": (
        "cloudfront",
        _of_cloudfront("list_origin_request_policies", "OriginRequestPolicyList", Type="custom"),
    ),
    "roles": ("iam", _of_iam("Roles")),
    "policies": ("iam", _of_iam("Policies")),
    "instance-profiles": ("iam", _of_iam("InstanceProfiles")),
    "hosted-zones": ("route53", _of_route53("MAX_HOSTED_ZONES_BY_OWNER")),
    "health-checks": ("route53", _of_route53("MAX_HEALTH_CHECKS_BY_OWNER")),
}
SERVICES = frozenset(service for service, _ in _READERS.values())
