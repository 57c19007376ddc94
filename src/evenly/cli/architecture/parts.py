"""What is in the picture of an environment on AWS, from its topology. Pure: values, and the words for them.

`of`: the logical id in the stack's template that a part stands for, where it stands for one.
"""

from collections.abc import Iterator

from msgspec import Struct

from evenly.aws.stacks.network.addresses import Tier, letter, subnet
from evenly.aws.stacks.network.endpoints import services
from evenly.aws.topology import AwsTopology, Reach

MOST_TASKS = 6  # that are drawn in one zone


class Box(Struct, frozen=True):
    """One part. `stack`: the concern whose template makes it. `lines`: what is to be known of it, a few words each."""

    kind: str
    stack: str
    title: str
    lines: tuple[str, ...] = ()
    of: str = ""


class Subnet(Struct, frozen=True):
    """`way_out`: what leads out of it, if that stands here."""

    tier: Tier
    addresses: str
    of: str
    way_out: Box | None = None


class Zone(Struct, frozen=True):
    """`tasks`: of the app and the workers, by name, as many as are drawn; `more`: that are not. `ground`: what they
    run on."""

    name: str
    subnets: tuple[Subnet, ...]
    tasks: tuple[str, ...]
    more: int
    ground: Box
    database: Box | None


class Parts(Struct, frozen=True):
    """All of them. `edge`: what stands in front, from the left to the right, by name first; `told`: of what is global.
    `enters`: where visitors come in, `cloudfront` or `balancer`. `leg_in`, `leg_out`: what is spoken to the balancer,
    and by it. `below`: what the rest stands on."""

    name: str
    region: str
    addresses: str
    visitors: str
    enters: str
    edge: tuple[Box, ...]
    told: tuple[Box, ...]
    balancer: Box
    public: bool
    leg_in: str
    leg_out: str
    zones: tuple[Zone, ...]
    beside: tuple[Box, ...]
    below: tuple[Box, ...]


BELOW = (
    Box("foundation", "foundation", "Foundation", ("key, artifacts, images",), "Key"),
    Box("roles", "security", "Roles", ("one a purpose, with a ceiling",)),
    Box("build", "image", "Build project", ("where there is no Docker",), "Build"),
)
IN_FRONT = (Reach.ALIAS, Reach.DEFAULT_DOMAIN)  # of these CloudFront stands


def parts(topology: AwsTopology) -> Parts:
    """What is drawn of the environment."""
    reach, fronted = topology.reach, topology.reach in IN_FRONT
    return Parts(
        name=topology.names.prefix,
        region=topology.region,
        addresses=topology.network.cidr,
        visitors="From inside the network" if reach is Reach.INTERNAL else "Visitors",
        enters="cloudfront" if fronted else "balancer",
        edge=tuple(_edge(topology, fronted)),
        told=tuple(_told(topology, fronted)),
        balancer=_balancer(topology),
        public=reach is Reach.BALANCER,
        leg_in="HTTP" if reach is Reach.DEFAULT_DOMAIN else "HTTPS",
        leg_out=f"{topology.app.protocol.upper()} 8443",
        zones=tuple(_zone(topology, number) for number in range(topology.zones)),
        beside=tuple(_beside(topology)),
        below=BELOW,
    )


def _edge(topology: AwsTopology, fronted: bool) -> Iterator[Box]:
    if topology.alias is not None:
        leads = "leads to CloudFront" if fronted else "leads to the balancer"
        yield Box("name", "edge", "Route 53", (topology.alias, leads), "Address")
    if not fronted:
        return
    lines = ("caches no answer", *_firewalled(topology))
    yield Box("cloudfront", "edge", "CloudFront", lines, "Distribution")
    yield Box("pages", "edge", "Error pages", ("for 502 and 504, in S3",), "Pages")


def _firewalled(topology: AwsTopology) -> tuple[str, ...]:
    return ("behind AWS WAF",) if topology.edge.firewall else ()


def _told(topology: AwsTopology, fronted: bool) -> Iterator[Box]:
    mail = topology.observability.alarms
    if fronted:
        yield Box(
            "edge-alarms", "edge", "Alarms of the edge", ("asks as a visitor, every 30 s",), "HealthCheck"
        )
    if (budget := topology.observability.budget) is not None:
        yield Box(
            "budget",
            "budget",
            "Budget",
            (f"${budget} a month", *((f"mails {mail}",) if mail else ())),
            "Budget",
        )


def _balancer(topology: AwsTopology) -> Box:
    public = topology.reach is Reach.BALANCER
    own = public or topology.reach is Reach.INTERNAL
    redirects = ", HTTP is redirected" if own and topology.redirect_to_https else ""
    port = "HTTP 80" if topology.reach is Reach.DEFAULT_DOMAIN else f"HTTPS 443{redirects}"
    known = (f"asks {topology.health.path} every {topology.health.interval} s",)
    guarded = _firewalled(topology) if own else ()
    who = "for the internet" if public else "internal"
    return Box("balancer", "service", f"Balancer, {who}", (" · ".join((port, *known, *guarded)),), "Balancer")


def _zone(topology: AwsTopology, number: int) -> Zone:
    tasks = _tasks(topology, number)
    drawn = tasks if len(tasks) <= MOST_TASKS else tasks[: MOST_TASKS - 1]
    return Zone(
        name=f"Zone {letter(number)}",
        subnets=tuple(_subnet(topology, tier, number) for tier in Tier),
        tasks=drawn,
        more=len(tasks) - len(drawn),
        ground=_ground(topology),
        database=_database(topology, number),
    )


def _subnet(topology: AwsTopology, tier: Tier, number: int) -> Subnet:
    addresses = subnet(topology.network.cidr, tier, number)
    return Subnet(tier, addresses, f"{tier}{letter(number)}", _way_out(topology, tier, number))


def _way_out(topology: AwsTopology, tier: Tier, number: int) -> Box | None:
    egress, here = topology.network.egress, letter(number)
    if tier is Tier.PUBLIC and (egress == "nat-per-zone" or (egress == "nat" and number == 0)):
        return Box("nat", "network", "NAT gateway", of=f"Nat{here}")
    if tier is Tier.PRIVATE and egress == "endpoints":
        return Box("endpoints", "network", f"{len(services(topology))} endpoints")
    return None


def _tasks(topology: AwsTopology, number: int) -> tuple[str, ...]:
    """Those that run at the least, spread over the zones."""
    wanted = (("app", topology.count.minimum), *((name, it.count) for name, it in topology.workers))
    return tuple(name for name, count in wanted for place in range(count) if place % topology.zones == number)


def _ground(topology: AwsTopology) -> Box:
    if not topology.on_hosts:
        return Box("fargate", "service", "Fargate", of="ClusterCapacity")
    return Box("host", "service", f"Host, {topology.compute.instance}", of="HostTemplate")


def _database(topology: AwsTopology, number: int) -> Box | None:
    """Which zone has the primary is RDS's to say; here it is the first."""
    own = topology.own_database
    if own is None or number > (1 if own.multi_zone else 0):
        return None
    title = "Standby" if number else "Primary"
    return Box("database", "data", title, (f"PostgreSQL {own.version}, encrypted",), "Database")


def _beside(topology: AwsTopology) -> Iterator[Box]:
    yield from _serving(topology)
    if topology.own_database is not None:
        yield Box("secrets", "data", "Secrets", ("passwords of app and owner,", "two users take turns"))
        yield Box(
            "door", "data", "The door", ("open while migrations run,", "closed by a schedule too"), "Door"
        )
    yield from _telling(topology)


def _serving(topology: AwsTopology) -> Iterator[Box]:
    count = topology.count
    fixed = count.minimum == count.maximum
    said = str(count.minimum) if fixed else f"{count.minimum} to {count.maximum}"
    on = "hosts" if topology.on_hosts else "Fargate"
    follows = any(it is not None for it in (count.response_time, count.requests, count.cpu))
    held = "out and in by load" if follows and not fixed else "over all zones"
    yield Box("service", "service", "ECS", (f"{said} tasks of the app", f"on {on}, {held}"), "App")
    if topology.jobs:
        names = ", ".join(name for name, _ in topology.jobs)
        yield Box("jobs", "service", "Jobs", (names, "by the clock, one at a time"))


def _telling(topology: AwsTopology) -> Iterator[Box]:
    said = topology.observability
    mail = f"mails {said.alarms}" if said.alarms else "on the dashboard"
    traces = ("traces to X-Ray",) if said.tracing else ()
    yield Box(
        "alarms",
        "observability",
        "Alarms",
        (mail, f"logs are kept {said.retention} days", *traces),
        "Dashboard",
    )
