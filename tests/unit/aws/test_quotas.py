"""What counts against which quota, and when there is room: from whole environments, and in words."""

from typing import Any

import pytest
from tests.unit.aws.preflightworld import planned, wanted, whole
from tests.unit.aws.securityworld import environment

from evenly.aws.changes.plan import Certainty, StackPlan
from evenly.aws.changes.types import Action, Change, Replacement
from evenly.aws.preflight.counting import PREFIX_LIST_RULES, Need, family, needs, unknown_hosts
from evenly.aws.preflight.quotas import COUNTED, QUOTAS
from evenly.aws.preflight.rights import changed
from evenly.aws.preflight.shortages import SUPPORT, Use, shortage, told
from evenly.manifest.types import Compute, Count, Network

REGION = "eu-west-1"


def counted(which: str) -> dict[str, tuple[float, float]]:
    desired = whole(which)
    found = needs([(it, desired.of(it.concern).body) for it in changed(planned(desired))])
    return {it.quota.key: (it.count, it.most) for it in found}


def test_a_small_environment_counts_against_these() -> None:
    found = counted("small")
    assert {key: count for key, (count, _) in found.items() if key not in ("roles", "policies")} == {
        "vpcs": 1,
        "internet-gateways": 1,
        "gateway-endpoints": 1,
        "elastic-ips": 1,
        "nat-gateways": 1,
        "security-groups": 6,
        "security-group-rules": 2,
        "load-balancers": 1,
        "db-instances": 1,
        "host-processors": 4,
        "instance-profiles": 1,
        "hosted-zones": 1,
    }
    assert found["host-processors"][1] > 4  # it scales
    assert found["roles"][0] >= 14


def test_a_full_one_counts_against_those_of_the_edge_too() -> None:
    found = counted("full")
    assert {it: found[it][0] for it in found if it in _EDGE} == _EDGE
    assert found["security-group-rules"][0] >= PREFIX_LIST_RULES


_EDGE = {
    "distributions": 1,
    "vpc-origins": 1,
    "response-headers-policies": 2,
    "origin-request-policies": 1,
    "health-checks": 1,
}


def test_what_is_global_is_asked_after_in_one_region() -> None:
    desired = whole("full")
    found = needs([(it, desired.of(it.concern).body) for it in changed(planned(desired))])
    regions = {it.quota.key: it.region for it in found}
    assert {regions[it] for it in ("roles", "distributions", "hosted-zones")} == {"us-east-1"}
    assert {regions[it] for it in ("vpcs", "load-balancers", "host-processors")} == {REGION}


def test_on_fargate_the_processors_of_the_tasks_count() -> None:
    found = counted("fargate")
    assert "host-processors" not in found
    count, most = found["fargate-processors"]
    assert (count, most) == (2 * 0.5, 8 * 0.5)


def test_a_gateway_in_each_zone_is_one_in_each() -> None:
    desired = wanted(environment(network=Network(egress="nat-per-zone")))
    found = {
        it.quota.key: it
        for it in needs([(it, desired.of(it.concern).body) for it in changed(planned(desired))])
    }
    assert (found["nat-gateways"].count, found["elastic-ips"].count) == (1, 2)


def test_a_fixed_count_does_not_grow() -> None:
    desired = wanted(environment(compute=Compute(type="fargate"), count=Count(minimum=3, maximum=3)))
    found = {
        it.quota.key: it
        for it in needs([(it, desired.of(it.concern).body) for it in changed(planned(desired))])
    }
    assert found["fargate-processors"].count == found["fargate-processors"].most == 3 * 0.5


# --- one resource at a time


def stack(*changes: Change, values: dict[str, str | None] | None = None) -> StackPlan:
    return StackPlan(
        "own", "shop-staging-own", REGION, Certainty.EXACT, None, changes, (), (), "", values or {}, "2026"
    )


def count_of(
    kind: str, action: Action = Action.ADD, turned: Replacement = Replacement.NO, **said: Any
) -> float:
    template = {"Resources": {"It": {"Type": kind, "Properties": said}}}
    found = needs([(stack(Change("It", kind, action, turned)), template)])
    return sum(it.count for it in found)


@pytest.mark.parametrize("kind", sorted(COUNTED))
def test_each_type_counts_once_when_it_is_made(kind: str) -> None:
    assert count_of(kind) == 1 or kind == "AWS::EC2::SecurityGroup"


@pytest.mark.parametrize(
    ("action", "turned", "count"),
    [
        (Action.ADD, Replacement.NO, 1),
        (Action.MODIFY, Replacement.YES, 1),
        (Action.MODIFY, Replacement.MAYBE, 0),
        (Action.MODIFY, Replacement.NO, 0),
        (Action.REMOVE, Replacement.NO, 0),
        (Action.IMPORT, Replacement.NO, 0),
    ],
)
def test_only_what_is_made_or_made_anew_counts(action: Action, turned: Replacement, count: int) -> None:
    assert count_of("AWS::EC2::EIP", action, turned) == count


def test_of_endpoints_and_balancers_only_one_kind_counts() -> None:
    assert count_of("AWS::EC2::VPCEndpoint") == 1
    assert count_of("AWS::EC2::VPCEndpoint", VpcEndpointType="Interface") == 0
    assert count_of("AWS::ElasticLoadBalancingV2::LoadBalancer") == 1
    assert count_of("AWS::ElasticLoadBalancingV2::LoadBalancer", Type="network") == 0


def test_rules_count_by_group_and_direction_and_a_prefix_list_as_many() -> None:
    group = "AWS::EC2::SecurityGroup"
    rule = {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": {"GroupId": {"Ref": "Group"}}}
    listed = {
        "Type": rule["Type"],
        "Properties": {"GroupId": {"Ref": "Group"}, "SourcePrefixListId": {"Ref": "List"}},
    }
    out = {"SecurityGroupEgress": [{}, {}, {}], "SecurityGroupIngress": [{}, {}]}
    resources = {"Group": {"Type": group, "Properties": out}, "One": rule, "Two": listed}
    changes = [Change(name, str(it["Type"]), Action.ADD) for name, it in resources.items()]
    found = {it.quota.key: it.count for it in needs([(stack(*changes), {"Resources": resources})])}
    assert found == {"security-groups": 1, "security-group-rules": 2 + 1 + PREFIX_LIST_RULES}


def hosts(instance: str, **said: Any) -> dict[str, Any]:
    return {
        "Parameters": {"Most": {"Default": "6"}},
        "Resources": {
            "Template": {
                "Type": "AWS::EC2::LaunchTemplate",
                "Properties": {"LaunchTemplateData": {"InstanceType": instance}},
            },
            "Group": {
                "Type": "AWS::AutoScaling::AutoScalingGroup",
                "Properties": {"LaunchTemplate": {"LaunchTemplateId": {"Ref": "Template"}}, **said},
            },
        },
    }


HOSTS = (
    Change("Template", "AWS::EC2::LaunchTemplate", Action.ADD),
    Change("Group", "AWS::AutoScaling::AutoScalingGroup", Action.ADD),
)


def test_hosts_count_by_their_processors_and_by_what_parameters_say() -> None:
    (found,) = needs([(stack(*HOSTS), hosts("m7g.xlarge", MinSize="2", MaxSize={"Ref": "Most"}))])
    assert (found.quota.key, found.count, found.most) == ("host-processors", 2 * 4, 6 * 4)
    (found,) = needs(
        [(stack(*HOSTS, values={"Most": "3"}), hosts("m7g.xlarge", MinSize="2", MaxSize={"Ref": "Most"}))]
    )
    assert found.most == 3 * 4


@pytest.mark.parametrize("instance", ["g4dn.xlarge", "inf2.xlarge", "x2gd.medium", "no.such"])
def test_of_other_families_it_is_said_that_nothing_is_known(instance: str) -> None:
    place = [(stack(*HOSTS), hosts(instance, MinSize="2"))]
    assert needs(place) == ()
    assert unknown_hosts(place) == (instance,)


def test_families() -> None:
    assert [family(it) for it in ("t3.small", "m7g.large", "im4gn.large", "u-6tb1.metal", "c5")] == [
        "t",
        "m",
        "im",
        "u-",
        "c",
    ]


# --- is there room


def need(key: Any = "elastic-ips", count: float = 1, most: float | None = None) -> Need:
    return Need(QUOTAS[key], REGION, count, count if most is None else most)


def test_what_just_fits_is_enough() -> None:
    assert shortage(need(), Use(4), 5) is None
    assert shortage(need(count=2), Use(4), 5) is not None


def test_what_is_exceeded_is_told_with_how_much_and_what_raises_it() -> None:
    found = shortage(need(count=2), Use(5), 5)
    assert found is not None
    assert found.is_certain
    assert told(found, None) == (
        "EC2-VPC Elastic IPs in eu-west-1: 5 of 5 are in use, and 2 more are needed: 2 too many. Free some, or ask for "
        "more: aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-0263D0A3 "
        "--desired-value 7 --region eu-west-1"
    )
    assert told(found, "work").endswith("--region eu-west-1 --profile work")


def test_of_gateways_the_networks_are_raised() -> None:
    found = shortage(need("internet-gateways"), Use(5), 5)
    assert found is not None
    assert "--quota-code L-F678F1CE" in told(found, None)


def test_what_service_quotas_does_not_have_is_asked_of_support() -> None:
    found = shortage(need("vpc-origins"), Use(25), None)
    assert found is not None
    assert SUPPORT in told(found, None)
    assert " in eu-west-1" not in told(found, None)


def test_by_the_default_alone_nothing_is_certain() -> None:
    found = shortage(need(), Use(5), None)
    assert found is not None
    assert not found.is_certain
    assert "1 more may be needed, if the account has the default quota" in told(found, None)


def test_what_depends_on_two_things_says_both() -> None:
    found = shortage(need("host-processors", 4, 24), Use(0), None)
    assert found is not None
    assert (
        "24 more may be needed, when it scales to its most, if the account has the default quota, for AWS does not "
        "tell another: 19 too many" in told(found, None)
    )


def test_what_the_service_says_itself_stands_before_all_else() -> None:
    assert shortage(need("db-instances"), Use(40, limit=100), 40) is None
    found = shortage(need("db-instances"), Use(40, limit=40), None)
    assert found is not None
    assert found.is_certain


def test_a_zone_without_room_is_no_certainty() -> None:
    found = shortage(need("nat-gateways"), Use(0, most=5), 5)
    assert found is not None
    assert (found.is_certain, found.used) == (False, 5)
    assert "in one of the zones" in told(found, None)
    everywhere = shortage(need("nat-gateways"), Use(5, most=5), 5)
    assert everywhere is not None
    assert everywhere.is_certain


def test_room_for_now_and_not_for_its_most_is_told_and_no_certainty() -> None:
    found = shortage(need("host-processors", 4, 24), Use(4), 16)
    assert found is not None
    assert (found.is_certain, found.over) == (False, 12)
    assert "24 more may be needed, when it scales to its most: 12 too many" in told(found, None)


def test_each_quota_that_is_counted_is_one_of_them() -> None:
    assert set(COUNTED.values()) <= QUOTAS.keys()
    assert all(key == it.key for key, it in QUOTAS.items())
