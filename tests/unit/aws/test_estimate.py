"""About what it costs a month, from the templates."""

from typing import Any

import pytest

from evenly.aws.changes.estimate import Estimate, estimate
from evenly.aws.changes.prices import prices


def cost(
    region: str = "us-east-1", values: dict[str, str] | None = None, **resources: tuple[str, Any]
) -> Estimate:
    body = {
        "Resources": {name: {"Type": kind, "Properties": said} for name, (kind, said) in resources.items()}
    }
    return estimate([(body, values or {})], region)


def lines(found: Estimate) -> dict[str, float | None]:
    return {it.what: it.monthly for it in found.lines}


def test_a_nat_gateway_and_its_address_by_the_hour() -> None:
    found = cost(Nat=("AWS::EC2::NatGateway", {}), Eip=("AWS::EC2::EIP", {}))
    assert lines(found) == {"NAT gateway": 32.85, "public address": 3.65}
    assert found.least == found.most == 36.5


def test_what_is_the_same_is_one_line() -> None:
    assert lines(cost(A=("AWS::EC2::NatGateway", {}), B=("AWS::EC2::NatGateway", {}))) == {
        "2 x NAT gateway": 65.7
    }


def test_elsewhere_it_costs_more_by_a_factor_and_keys_cost_the_same() -> None:
    assert lines(cost("eu-west-1", Nat=("AWS::EC2::NatGateway", {}), Key=("AWS::KMS::Key", {}))) == {
        "NAT gateway": 36.14,
        "key": 1.0,
    }


def test_a_region_that_is_not_known_is_taken_as_the_dearest_and_has_no_factor() -> None:
    found = cost("xx-south-9", Nat=("AWS::EC2::NatGateway", {}))
    assert found.factor is None
    assert found.least == round(32.85 * max(prices().regions.values()), 2)


def hosts(**more: Any) -> dict[str, tuple[str, Any]]:
    data = {"InstanceType": "t3.small", "BlockDeviceMappings": [{"Ebs": {"VolumeSize": 30}}]}
    group = {
        "MinSize": "2",
        "MaxSize": "6",
        "LaunchTemplate": {"LaunchTemplateId": {"Ref": "Template"}},
        **more,
    }
    return {
        "Template": ("AWS::EC2::LaunchTemplate", {"LaunchTemplateData": data}),
        "Group": ("AWS::AutoScaling::AutoScalingGroup", group),
    }


def test_hosts_from_the_fewest_to_the_most_with_their_volumes() -> None:
    found = cost(**hosts())
    assert lines(found) == {"2 to 6 x host, t3.small": 30.37, "2 to 6 x volume of a host, 30 GB": 4.8}
    assert found.least == pytest.approx(35.17, abs=0.01)
    assert found.most == pytest.approx(105.5, abs=0.01)


def test_a_type_without_a_price_is_said_and_not_in_the_sum() -> None:
    group = hosts()
    group["Template"][1]["LaunchTemplateData"]["InstanceType"] = "x9.huge"
    found = cost(**group)
    assert found.unpriced == ("host, x9.huge",)
    assert lines(found)["2 to 6 x host, x9.huge"] is None
    assert found.least == 4.8


def fargate(count: int = 2, **task: Any) -> dict[str, tuple[str, Any]]:
    return {
        "Task": ("AWS::ECS::TaskDefinition", {"Cpu": "512", "Memory": "1024", **task}),
        "Service": (
            "AWS::ECS::Service",
            {"LaunchType": "FARGATE", "DesiredCount": count, "TaskDefinition": {"Ref": "Task"}},
        ),
        "Target": ("AWS::ApplicationAutoScaling::ScalableTarget", {"MinCapacity": 2, "MaxCapacity": 8}),
    }


def test_tasks_on_fargate_by_processor_and_memory() -> None:
    found = cost(**fargate())
    [(what, month)] = lines(found).items()
    assert what == "2 to 8 x task on Fargate, 0.5 vCPU and 1 GB"
    assert month == pytest.approx(2 * 730 * (0.5 * 0.04048 + 0.004445), abs=0.01)
    assert found.most == pytest.approx(4 * month, abs=0.05)


def test_what_scales_says_no_count_and_costs_at_least_its_fewest() -> None:
    scaled = fargate()
    kind, said = scaled["Service"]
    scaled["Service"] = (kind, {key: it for key, it in said.items() if key != "DesiredCount"})
    assert [*lines(cost(**scaled))] == ["2 to 8 x task on Fargate, 0.5 vCPU and 1 GB"]


def test_tasks_on_hosts_cost_what_the_hosts_cost() -> None:
    service = (
        "AWS::ECS::Service",
        {"DesiredCount": 2, "CapacityProviderStrategy": [{"CapacityProvider": "shop"}]},
    )
    assert cost(Service=service).lines == ()


def test_a_database_in_two_zones_is_paid_twice() -> None:
    said = {"DBInstanceClass": "db.t4g.micro", "MultiAZ": True, "AllocatedStorage": "20"}
    assert lines(cost(Database=("AWS::RDS::DBInstance", said))) == {
        "database, db.t4g.micro, two zones": 23.36,
        "storage of the database, 20 GB, two zones": 4.6,
    }
    assert cost(Database=("AWS::RDS::DBInstance", {**said, "MultiAZ": False})).least == 13.98


def test_values_come_from_parameters_where_the_template_refers_to_them() -> None:
    said = {"DBInstanceClass": {"Ref": "Class"}, "AllocatedStorage": 0}
    assert cost(values={"Class": "db.t4g.small"}, D=("AWS::RDS::DBInstance", said)).least == 23.36


def test_only_endpoints_of_the_interface_kind_cost_and_in_each_zone() -> None:
    found = cost(
        A=("AWS::EC2::VPCEndpoint", {"VpcEndpointType": "Interface", "SubnetIds": ["a", "b", "c"]}),
        B=("AWS::EC2::VPCEndpoint", {"VpcEndpointType": "Gateway"}),
    )
    assert lines(found) == {"3 x endpoint of an AWS service in a zone": 21.9}


def test_a_balancer_that_the_internet_reaches_has_addresses() -> None:
    public = {"Scheme": "internet-facing", "Subnets": ["a", "b"]}
    assert cost(A=("AWS::ElasticLoadBalancingV2::LoadBalancer", public)).least == 23.73
    assert cost(A=("AWS::ElasticLoadBalancingV2::LoadBalancer", {"Scheme": "internal"})).least == 16.43


def test_a_firewall_by_its_rules() -> None:
    assert cost(A=("AWS::WAFv2::WebACL", {"Rules": [1, 2, 3]})).least == 8.0


def test_the_table_says_when_and_where_it_is_from() -> None:
    found = cost()
    assert found.as_of == prices().as_of
    assert found.source.startswith("https://aws.amazon.com/")
    assert found.lines == ()
