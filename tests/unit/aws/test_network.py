"""The network: subnets over the zones, the ways out, who may speak to whom."""

import re
from ipaddress import ip_network
from itertools import combinations
from typing import Any

import pytest
from tests.aws_topologies import resources, topology

from evenly.aws.stacks import catalogue, network
from evenly.aws.stacks.network.addresses import Tier, letter, subnet
from evenly.aws.stacks.network.endpoints import services
from evenly.manifest.types import Compute, Database, Edge, Http, Network, Observability

ALIAS = Http(alias="shop.example.com")
ELSEWHERE = Database(url_from="DATABASE_URL")
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html
DESCRIPTION = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}")


def made(kind: str | None = None, **said: Any) -> dict[str, Any]:
    return resources(network.template(topology(**said)), kind)


def properties(kind: str, **said: Any) -> dict[str, Any]:
    return {key: it["Properties"] for key, it in made(kind, **said).items()}


@pytest.mark.parametrize("zones", range(2, 7))
def test_each_zone_has_a_subnet_of_each_tier_and_none_overlap(zones):
    found = properties("AWS::EC2::Subnet", zones=zones)
    assert found.keys() == {f"{tier}{letter(zone)}" for tier in Tier for zone in range(zones)}
    for name, it in found.items():
        assert it["AvailabilityZone"] == {"Fn::Select": ["ABCDEF".index(name[-1]), {"Fn::GetAZs": ""}]}
        assert it["MapPublicIpOnLaunch"] is False
    networks = [ip_network(it["CidrBlock"]) for it in found.values()]
    assert all(it.subnet_of(ip_network("10.20.0.0/16")) for it in networks)
    assert not any(one.overlaps(other) for one, other in combinations(networks, 2))


def test_a_zone_more_moves_nobody():
    two, three = (properties("AWS::EC2::Subnet", zones=zones) for zones in (2, 3))
    assert {key: it for key, it in three.items() if key in two} == two


def test_where_tasks_run_there_is_room_for_their_addresses():
    assert ip_network(subnet("10.20.0.0/16", Tier.PRIVATE, 0)).num_addresses == 4096


@pytest.mark.parametrize(("cidr", "zone"), [("10.20.0.0/24", 0), ("10.20.0.0/16", 12), ("10.20.0.0/16", -1)])
def test_what_does_not_fit_is_refused(cidr, zone):
    with pytest.raises(ValueError, match="has no subnet"):
        subnet(cidr, Tier.PUBLIC, zone)


def routes(**said: Any) -> dict[str, str]:
    """By route table, where everything goes that is for nobody here."""
    found = properties("AWS::EC2::Route", **said).values()
    assert all(it["DestinationCidrBlock"] == "0.0.0.0/0" for it in found)
    return {it["RouteTableId"]["Ref"]: (it.get("NatGatewayId") or it["GatewayId"])["Ref"] for it in found}


def test_one_nat_gateway_is_everybodys_way_out():
    assert routes(zones=3) == {"PublicRoutes": "Gateway"} | {f"PrivateRoutes{it}": "NatA" for it in "ABC"}
    assert properties("AWS::EC2::NatGateway")["NatA"]["SubnetId"] == {"Ref": "PublicA"}


def test_with_one_a_zone_no_zone_needs_another():
    said = {"zones": 3, "network": Network(egress="nat-per-zone")}
    assert routes(**said) == {"PublicRoutes": "Gateway"} | {f"PrivateRoutes{it}": f"Nat{it}" for it in "ABC"}
    for name, it in properties("AWS::EC2::NatGateway", **said).items():
        assert it["SubnetId"] == {"Ref": f"Public{name[-1]}"}


def test_with_endpoints_nothing_leaves():
    said = {"network": Network(egress="endpoints")}
    assert routes(**said) == {"PublicRoutes": "Gateway"}
    assert not properties("AWS::EC2::NatGateway", **said)


def test_every_subnet_has_a_table_and_the_databases_leads_nowhere():
    associations = properties("AWS::EC2::SubnetRouteTableAssociation", zones=3).values()
    tables = {it["SubnetId"]["Ref"]: it["RouteTableId"]["Ref"] for it in associations}
    assert tables.keys() == properties("AWS::EC2::Subnet", zones=3).keys()
    assert {tables[f"Isolated{it}"] for it in "ABC"} == {"IsolatedRoutes"}
    assert "IsolatedRoutes" not in routes(zones=3)


def endpoints(**said: Any) -> dict[str, Any]:
    found = properties("AWS::EC2::VPCEndpoint", **said).values()
    return {it["ServiceName"]["Fn::Sub"].removeprefix("com.amazonaws.${AWS::Region}."): it for it in found}


def test_s3_is_reached_without_a_nat_gateway():
    (only,) = endpoints().items()
    assert only[0] == "s3"
    assert only[1]["RouteTableIds"] == [{"Ref": "PrivateRoutesA"}, {"Ref": "PrivateRoutesB"}]


def test_with_endpoints_all_that_is_asked_for_has_one_in_each_zone():
    said = {"network": Network(egress="endpoints"), "observability": Observability(tracing=True)}
    found = endpoints(**said)
    assert found.keys() == {"s3", *services(topology(**said))}
    assert {"ecr.api", "ecr.dkr", "ecs", "logs", "secretsmanager", "xray", "cloudformation"} <= found.keys()
    for name in found.keys() - {"s3"}:
        assert found[name]["SubnetIds"] == [{"Ref": "PrivateA"}, {"Ref": "PrivateB"}]
        assert found[name]["PrivateDnsEnabled"] is True
        assert found[name]["SecurityGroupIds"] == [{"Ref": "EndpointsGroup"}]


def test_fargate_needs_no_endpoints_of_hosts():
    found = endpoints(network=Network(egress="endpoints"), compute=Compute(type="fargate"))
    assert not found.keys() & {"ecs", "ecs-agent", "autoscaling", "ec2messages"}


def ways_in(**said: Any) -> set[tuple[str, int, int, str]]:
    """Who is let in: the group, from and to port, and whom."""
    found = made(**said)
    apart = [it["Properties"] for it in found.values() if it["Type"] == "AWS::EC2::SecurityGroupIngress"]
    ways = {(it["GroupId"]["Ref"], it["FromPort"], it["ToPort"], whom(it)) for it in apart}
    for name, group in found.items():
        if group["Type"] == "AWS::EC2::SecurityGroup":
            inline = group["Properties"].get("SecurityGroupIngress", [])
            ways |= {(name, it["FromPort"], it["ToPort"], whom(it)) for it in inline}
    return ways


def whom(rule: dict[str, Any]) -> str:
    said = rule.get("CidrIp") or rule.get("SourceSecurityGroupId") or rule["SourcePrefixListId"]
    return said if isinstance(said, str) else str(said["Ref"])


INSIDE = {
    ("AppGroup", 8443, 8443, "BalancerGroup"),
    ("DatabaseGroup", 5432, 5432, "AppGroup"),
    ("DatabaseGroup", 5432, 5432, "FunctionsGroup"),
}
FROM_CLOUDFRONT = ("CloudFrontGroup", "CloudFrontPrefixList")


@pytest.mark.parametrize(
    ("said", "outside"),
    [
        ({}, {("BalancerGroup", port, port, "0.0.0.0/0") for port in (80, 443)}),
        ({"http": Http(redirect_to_https=False)}, {("BalancerGroup", 443, 443, "0.0.0.0/0")}),
        ({"http": ALIAS}, {("BalancerGroup", 443, 443, it) for it in FROM_CLOUDFRONT}),
        ({"edge": Edge(default_domain=True)}, {("BalancerGroup", 80, 80, it) for it in FROM_CLOUDFRONT}),
        (
            {"network": Network(internal=True)},
            {("BalancerGroup", port, port, "10.20.0.0/16") for port in (80, 443)},
        ),
    ],
    ids=["balancer", "no redirect", "alias", "default domain", "internal"],
)
def test_nobody_else_is_let_in(said, outside):
    assert ways_in(**said) == INSIDE | outside


def test_cloudfronts_addresses_are_let_in_until_its_group_is_known():
    found = network.template(topology(http=ALIAS)).to_dict()
    assert found["Parameters"]["CloudFrontGroup"]["Default"] == ""
    unknown = {"Fn::Equals": [{"Ref": "CloudFrontGroup"}, ""]}
    assert found["Conditions"] == {
        "CloudFrontGroupUnknown": unknown,
        "CloudFrontGroupKnown": {"Fn::Not": [unknown]},
    }
    assert found["Resources"]["BalancerFromCloudFront"]["Condition"] == "CloudFrontGroupKnown"
    assert found["Resources"]["BalancerFromCloudFrontAddresses"]["Condition"] == "CloudFrontGroupUnknown"


@pytest.mark.parametrize("said", [{"database": None}, {"database": ELSEWHERE}], ids=["none", "elsewhere"])
def test_without_a_database_of_its_own_there_are_no_groups_for_one(said):
    assert made("AWS::EC2::SecurityGroup", **said).keys() == {"AppGroup", "BalancerGroup", "HostsGroup"}


def ways_out(group: str, **said: Any) -> set[tuple[str, int | None, int | None, str]]:
    rules = properties("AWS::EC2::SecurityGroup", **said)[group]["SecurityGroupEgress"]
    return {
        (
            it["IpProtocol"],
            it.get("FromPort"),
            it.get("ToPort"),
            it.get("CidrIp") or it["DestinationSecurityGroupId"]["Ref"],
        )
        for it in rules
    }


SERVICES, TO_DATABASE = ("tcp", 443, 443, "0.0.0.0/0"), ("tcp", 5432, 5432, "DatabaseGroup")


@pytest.mark.parametrize(
    ("group", "out"),
    [
        ("BalancerGroup", {("tcp", 8443, 8443, "AppGroup")}),
        ("AppGroup", {SERVICES, TO_DATABASE}),
        ("MigrationGroup", {SERVICES, TO_DATABASE}),
        ("FunctionsGroup", {SERVICES, TO_DATABASE}),
        ("HostsGroup", {SERVICES}),
        ("DatabaseGroup", {("-1", None, None, "127.0.0.1/32")}),
    ],
)
def test_each_group_says_what_goes_out(group, out):
    assert ways_out(group) == out


def test_to_a_database_elsewhere_the_app_may_go_by_any_port():
    assert ways_out("AppGroup", database=ELSEWHERE) == {("tcp", 1, 65535, "0.0.0.0/0")}


@pytest.mark.parametrize(
    "said", [{}, {"http": ALIAS, "database": ELSEWHERE}, {"network": Network(egress="endpoints")}]
)
def test_ec2_takes_every_description(said):
    for it in made(**said).values():
        rules = [it["Properties"]] if it["Type"].startswith("AWS::EC2::SecurityGroup") else []
        rules += [
            *it["Properties"].get("SecurityGroupIngress", ()),
            *it["Properties"].get("SecurityGroupEgress", ()),
        ]
        for rule in rules:
            assert DESCRIPTION.fullmatch(rule.get("Description") or rule["GroupDescription"])


def test_no_template_lets_the_migrations_in():
    """What a template made, a rollback would make again."""
    for name, template in catalogue.templates(topology(zones=3, http=ALIAS)).items():
        for title, it in resources(template).items():
            rules = it.get("Properties", {}).get("SecurityGroupIngress", [])
            rules += [it["Properties"]] if it["Type"] == "AWS::EC2::SecurityGroupIngress" else []
            assert all(whom(rule) != "MigrationGroup" for rule in rules), (name, title)


def test_who_spoke_to_whom_is_recorded():
    (flow,) = properties("AWS::EC2::FlowLog").values()
    assert (flow["ResourceId"], flow["ResourceType"], flow["TrafficType"]) == (
        {"Ref": "Network"},
        "VPC",
        "ALL",
    )
    assert properties("AWS::Logs::LogGroup")["FlowLog"]["KmsKeyId"] == {"Ref": "KeyArn"}


def test_the_default_group_is_closed():
    (group,) = properties("Custom::ClosedGroup").values()
    assert group["GroupId"] == {"Fn::GetAtt": ["Network", "DefaultSecurityGroup"]}
    (function,) = properties("AWS::Lambda::Function").values()
    assert function["Handler"] == "network.closed_group"
    assert function["Role"]["Fn::Sub"].endswith("role/shop-production-default-group")


def test_the_outputs_are_what_the_other_stacks_take():
    assert network.template(topology()).to_dict()["Outputs"].keys() == {
        "VpcId",
        "PublicSubnets",
        "PrivateSubnets",
        "IsolatedSubnets",
        "BalancerGroup",
        "AppGroup",
        "HostsGroup",
        "MigrationGroup",
        "DatabaseGroup",
        "FunctionsGroup",
    }
