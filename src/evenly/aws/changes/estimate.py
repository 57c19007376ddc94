"""About what an environment costs a month when nobody uses it, from its templates: hosts, gateways, balancer, database.
An estimate, and said to be one: list prices, a factor for the region, no traffic, no discounts, no free tier. Pure.

What is priced by use alone (requests, gigabytes, log lines, builds) is not in it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from evenly.aws.changes.prices import Prices, prices
from evenly.aws.changes.templates import defaults, resources
from evenly.aws.changes.types import Json

NOT_IN_IT = "Traffic, requests, log lines, builds and taxes come on top."


class Line(Struct, frozen=True):
    """`monthly`: US dollars. `None`: no price is known for it."""

    what: str
    monthly: float | None


class Estimate(Struct, frozen=True):
    """`least`: US dollars a month when it is as small as it may be. `most`: when scaling has made it as large as it may
    be. `unpriced`: what has no price in the table, and so is not in the sums."""

    lines: tuple[Line, ...]
    least: float
    most: float
    unpriced: tuple[str, ...]
    as_of: str
    source: str
    region: str
    factor: float | None


class _Cost(Struct, frozen=True):
    """`each`: US dollars a month, of us-east-1. `count`: how many there are at least; `more`: how many scaling may add.
    `everywhere`: it costs the same in all regions."""

    what: str
    each: float | None
    count: float = 1
    more: float = 0
    everywhere: bool = False


class _Place(Struct, frozen=True):
    """Where a resource is read: its stack's resources and the values of its parameters."""

    prices: Prices
    resources: Mapping[str, Json]
    values: Mapping[str, str | None]

    def value(self, said: Any) -> Any:
        """With a reference to a parameter followed."""
        match said:
            case {"Ref": str(name)} if name in self.values:
                return self.values[name]
            case _:
                return said

    def number(self, said: Any, otherwise: float) -> float:
        try:
            return float(self.value(said))
        except (TypeError, ValueError):
            return otherwise


def estimate(stacks: Iterable[tuple[Json, Mapping[str, str | None]]], region: str) -> Estimate:
    """`stacks`: each template with the values of its parameters, as far as they are known."""
    table = prices()
    factor = table.regions.get(region)
    costs = _together(cost for template, values in stacks for cost in _costs(table, template, values))
    priced = [(it, _price(it, factor or max(table.regions.values()))) for it in costs]
    return Estimate(
        lines=tuple(
            Line(_counted(it), None if each is None else round(each * it.count, 2)) for it, each in priced
        ),
        least=round(sum((each or 0) * it.count for it, each in priced), 2),
        most=round(sum((each or 0) * (it.count + it.more) for it, each in priced), 2),
        unpriced=tuple(it.what for it in costs if it.each is None),
        as_of=table.as_of,
        source=table.source,
        region=region,
        factor=factor,
    )


def _price(it: _Cost, factor: float) -> float | None:
    if it.each is None:
        return None
    return it.each if it.everywhere else it.each * factor


def _counted(it: _Cost) -> str:
    more = f" to {it.count + it.more:g}" if it.more else ""
    return f"{it.count:g}{more} x {it.what}" if it.count != 1 or it.more else it.what


def _together(costs: Iterable[_Cost]) -> tuple[_Cost, ...]:
    """What is the same, as one line; the dearest first."""
    found: dict[tuple[str, float | None], _Cost] = {}
    for it in costs:
        known = found.get((it.what, it.each))
        count, more = (known.count, known.more) if known else (0.0, 0.0)
        found[it.what, it.each] = replace(it, count=count + it.count, more=more + it.more)
    return tuple(sorted(found.values(), key=lambda it: -(it.each or 0) * it.count))


def _costs(table: Prices, template: Json, values: Mapping[str, str | None]) -> Iterator[_Cost]:
    place = _Place(table, resources(template), {**defaults(template), **values})
    for said in place.resources.values():
        read = _READERS.get(str(said.get("Type")))
        if read is not None:
            yield from read(said.get("Properties") or {}, place)


Reader = Callable[[Json, _Place], Iterator[_Cost]]


def _monthly(what: str, name: str) -> Reader:
    """Of what costs the same in all regions."""

    def read(_said: Json, place: _Place) -> Iterator[_Cost]:
        yield _Cost(what, place.prices.monthly[name], everywhere=True)

    return read


def _hourly(what: str, name: str) -> Reader:
    def read(_said: Json, place: _Place) -> Iterator[_Cost]:
        yield _Cost(what, place.prices.by_hour(name))

    return read


def _balancer(said: Json, place: _Place) -> Iterator[_Cost]:
    """One that the internet reaches has a public address in each zone."""
    yield _Cost("balancer", place.prices.by_hour("balancer"))
    if place.value(said.get("Scheme")) == "internet-facing":
        yield _Cost("public address", place.prices.by_hour("address"), _zones(said.get("Subnets")))


def _zones(subnets: Any) -> int:
    """How many a list of subnets is in; two where it is made elsewhere."""
    return len(subnets) if isinstance(subnets, list) else 2


def _endpoint(said: Json, place: _Place) -> Iterator[_Cost]:
    """One of the Interface kind is paid in each subnet that it is in; the others cost nothing."""
    if place.value(said.get("VpcEndpointType")) == "Interface":
        zones = _zones(said.get("SubnetIds"))
        yield _Cost("endpoint of an AWS service in a zone", place.prices.by_hour("endpoint"), zones)


def _hosts(said: Json, place: _Place) -> Iterator[_Cost]:
    """Of an Auto Scaling group: its instances, with the volumes of its launch template."""
    least = place.number(said.get("MinSize"), 0)
    most = max(place.number(said.get("MaxSize"), least), least)
    start = max(place.number(said.get("DesiredCapacity"), least), least)
    data = _launch_data(said, place)
    kind = str(place.value(data.get("InstanceType")))
    hour = place.prices.instances.get(kind)
    month = None if hour is None else hour * place.prices.hours
    yield _Cost(f"host, {kind}", month, start, most - start)
    volumes = [it.get("Ebs") or {} for it in data.get("BlockDeviceMappings") or ()]
    size = sum(place.number(it.get("VolumeSize"), 0) for it in volumes)
    if size:
        yield _Cost(
            f"volume of a host, {size:g} GB", place.prices.monthly["volume_gb"] * size, start, most - start
        )


def _launch_data(said: Json, place: _Place) -> Json:
    """Of the launch template that an Auto Scaling group names."""
    match (said.get("LaunchTemplate") or {}).get("LaunchTemplateId"):
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]} if name in place.resources:
            properties = place.resources[name].get("Properties") or {}
            found: Json = properties.get("LaunchTemplateData") or {}
            return found
        case _:
            return {}


def _tasks(said: Json, place: _Place) -> Iterator[_Cost]:
    """Of an ECS service on Fargate; on hosts, the hosts are paid."""
    if not _is_on_fargate(said):
        return
    match said.get("TaskDefinition"):
        case {"Ref": str(name)} if name in place.resources:
            task = place.resources[name].get("Properties") or {}
        case _:
            return
    cpu, memory = place.number(task.get("Cpu"), 256) / 1024, place.number(task.get("Memory"), 512) / 1024
    arm = "arm_" if (task.get("RuntimePlatform") or {}).get("CpuArchitecture") == "ARM64" else ""
    month = place.prices.by_hour(f"fargate_{arm}cpu", cpu) + place.prices.by_hour(f"fargate_{arm}gb", memory)
    least = min((place.number(it.get("MinCapacity"), 1) for it in _targets(place)), default=1)
    count = place.number(said.get("DesiredCount"), least)  # of one that scales, none is said
    most = max((place.number(it.get("MaxCapacity"), count) for it in _targets(place)), default=count)
    what = f"task on Fargate, {cpu:g} vCPU and {memory:g} GB"
    yield _Cost(what, month, count, max(most - count, 0))


def _is_on_fargate(said: Json) -> bool:
    strategy = said.get("CapacityProviderStrategy") or ()
    named = [it.get("CapacityProvider") for it in strategy if isinstance(it, dict)]
    return said.get("LaunchType") == "FARGATE" or any(str(it).startswith("FARGATE") for it in named)


def _targets(place: _Place) -> Iterator[Json]:
    for said in place.resources.values():
        if said.get("Type") == "AWS::ApplicationAutoScaling::ScalableTarget":
            yield said.get("Properties") or {}


def _database(said: Json, place: _Place) -> Iterator[_Cost]:
    kind = str(place.value(said.get("DBInstanceClass")))
    copies = 2 if str(place.value(said.get("MultiAZ"))).lower() == "true" else 1
    zones = ", two zones" if copies == 2 else ""
    hour = place.prices.databases.get(kind)
    yield _Cost(f"database, {kind}{zones}", None if hour is None else hour * place.prices.hours * copies)
    size = place.number(said.get("AllocatedStorage"), 0)
    if size:
        storage = place.prices.monthly["database_gb"] * size * copies
        yield _Cost(f"storage of the database, {size:g} GB{zones}", storage)


def _firewall(said: Json, place: _Place) -> Iterator[_Cost]:
    rules = len(said.get("Rules") or ())
    month = place.prices.monthly["firewall"] + rules * place.prices.monthly["firewall_rule"]
    yield _Cost(f"firewall with {rules} rules", month, everywhere=True)


_READERS: Mapping[str, Reader] = {
    "AWS::AutoScaling::AutoScalingGroup": _hosts,
    "AWS::CloudWatch::Alarm": _monthly("alarm", "alarm"),
    "AWS::CloudWatch::Dashboard": _monthly("dashboard", "dashboard"),
    "AWS::EC2::EIP": _hourly("public address", "address"),
    "AWS::EC2::NatGateway": _hourly("NAT gateway", "nat"),
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::ECS::Service": _tasks,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _balancer,
    "AWS::KMS::Key": _monthly("key", "key"),
    "AWS::RDS::DBInstance": _database,
    "AWS::Route53::HealthCheck": _monthly("health check", "health_check"),
    "AWS::Route53::HostedZone": _monthly("hosted zone", "zone"),
    "AWS::SecretsManager::Secret": _monthly("secret", "secret"),
    "AWS::WAFv2::WebACL": _firewall,
}
