"""Who may speak to whom: every security group of the environment, in one place, so that none needs another stack. Pure.

Each says what comes in and what goes out. The one rule that is not here lets the migrations into the database: the door
makes it while they run, and takes it away (docs/adr/0032-the-door.md). No template makes it, so no rollback does.
"""

from typing import Any, assert_never

from troposphere import Equals, Not, Ref, ec2

from evenly.aws.stacks.common import Stack
from evenly.aws.stacks.network.subnets import ANYWHERE, named
from evenly.aws.topology import APP_PORT, Reach

HTTPS = 443
HTTP = 80
POSTGRES = 5432
NOWHERE = "127.0.0.1/32"


def add_groups(stack: Stack) -> None:
    """The groups, each with an output."""
    if stack.topology.own_database:
        _database_group(stack)
        _functions_group(stack)
        _migration_group(stack)
    if stack.topology.on_hosts:
        _group(stack, "HostsGroup", "the hosts", [out_to_services()])
    _app_group(stack)
    _balancer_group(stack)


def _database_group(stack: Stack) -> None:
    _group(stack, "DatabaseGroup", "the database", [nothing_out()])
    _let_in(stack, "DatabaseFromFunctions", "DatabaseGroup", POSTGRES, "FunctionsGroup", "The rotation")
    _let_in(stack, "DatabaseFromApp", "DatabaseGroup", POSTGRES, "AppGroup", "The app")


def _functions_group(stack: Stack) -> None:
    _group(stack, "FunctionsGroup", "the functions in the network", [out_to_services(), _out_to_database()])


def _migration_group(stack: Stack) -> None:
    _group(stack, "MigrationGroup", "the migration task", [out_to_services(), _out_to_database()])


def _app_group(stack: Stack) -> None:
    out = [out_to_services()]
    if stack.topology.own_database:
        out.append(_out_to_database())
    elif stack.topology.database:
        out = [
            _rule(1, 65535, "The app: its database is elsewhere, at a port that its secret knows", ANYWHERE)
        ]
    _group(stack, "AppGroup", "the app", out)
    _let_in(stack, "AppFromBalancer", "AppGroup", APP_PORT, "BalancerGroup", "The balancer")


def _balancer_group(stack: Stack) -> None:
    to_app = ec2.SecurityGroupRule(
        IpProtocol="tcp",
        FromPort=APP_PORT,
        ToPort=APP_PORT,
        DestinationSecurityGroupId=Ref("AppGroup"),
        Description="The app",
    )
    _group(stack, "BalancerGroup", "the balancer", [to_app])
    match stack.topology.reach:
        case Reach.ALIAS:
            _let_cloudfront_in(stack, HTTPS)
        case Reach.DEFAULT_DOMAIN:
            _let_cloudfront_in(stack, HTTP)
        case Reach.BALANCER:
            _let_visitors_in(stack, ANYWHERE)
        case Reach.INTERNAL:
            _let_visitors_in(stack, stack.topology.network.cidr)
        case other:
            assert_never(other)


def _let_visitors_in(stack: Stack, whence: str) -> None:
    ports = [(HTTPS, "Visitors")]
    if stack.topology.redirect_to_https:
        ports.append((HTTP, "Visitors, to be sent on to HTTPS"))
    stack.template.resources["BalancerGroup"].SecurityGroupIngress = [
        _rule(port, port, description, whence) for port, description in ports
    ]


def _let_cloudfront_in(stack: Stack, port: int) -> None:
    """CloudFront makes its own group in the network with the first origin there. Until it is known, whoever has an
    address of CloudFront's is let in: the balancer is internal, so that is CloudFront alone as well.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-vpc-origins.html
    """
    group = stack.parameter(
        "CloudFrontGroup",
        "The security group that CloudFront made in the network; empty until there is one",
        Default="",
    )
    addresses = stack.parameter(
        "CloudFrontPrefixList", "AWS's list of the addresses that CloudFront asks from"
    )
    stack.template.add_condition("CloudFrontGroupKnown", Not(Equals(group, "")))
    stack.add(
        ec2.SecurityGroupIngress(
            "BalancerFromCloudFront",
            GroupId=Ref("BalancerGroup"),
            IpProtocol="tcp",
            FromPort=port,
            ToPort=port,
            SourceSecurityGroupId=group,
            Description="CloudFront",
            Condition="CloudFrontGroupKnown",
        )
    )
    stack.template.add_condition("CloudFrontGroupUnknown", Equals(group, ""))
    stack.add(
        ec2.SecurityGroupIngress(
            "BalancerFromCloudFrontAddresses",
            GroupId=Ref("BalancerGroup"),
            IpProtocol="tcp",
            FromPort=port,
            ToPort=port,
            SourcePrefixListId=addresses,
            Description="CloudFront, until its group is known",
            Condition="CloudFrontGroupUnknown",
        )
    )


def nothing_out() -> ec2.SecurityGroupRule:
    """A group without any rule for what goes out is given one that lets everything out."""
    return ec2.SecurityGroupRule(IpProtocol="-1", CidrIp=NOWHERE, Description="Nothing goes out")


def out_to_services() -> ec2.SecurityGroupRule:
    """To whatever answers by HTTPS; where there is no way out of the network, that is its endpoints alone."""
    return _rule(HTTPS, HTTPS, "Services, by HTTPS", ANYWHERE)


def _out_to_database() -> ec2.SecurityGroupRule:
    return ec2.SecurityGroupRule(
        IpProtocol="tcp",
        FromPort=POSTGRES,
        ToPort=POSTGRES,
        DestinationSecurityGroupId=Ref("DatabaseGroup"),
        Description="The database",
    )


def _rule(first: int, last: int, description: str, addresses: str) -> ec2.SecurityGroupRule:
    return ec2.SecurityGroupRule(
        IpProtocol="tcp", FromPort=first, ToPort=last, CidrIp=addresses, Description=description
    )


def _let_in(stack: Stack, title: str, group: str, port: int, whom: str, description: str) -> None:
    """A rule apart: two groups that name each other can't both come first."""
    stack.add(
        ec2.SecurityGroupIngress(
            title,
            GroupId=Ref(group),
            IpProtocol="tcp",
            FromPort=port,
            ToPort=port,
            SourceSecurityGroupId=Ref(whom),
            Description=description,
        )
    )


def _group(stack: Stack, title: str, whose: str, out: list[Any]) -> None:
    stack.add(
        ec2.SecurityGroup(
            title,
            GroupDescription=f"{stack.names.prefix}: {whose}",
            VpcId=Ref("Network"),
            SecurityGroupEgress=out,
            Tags=named(stack, whose.removeprefix("the ").replace(" ", "-")),
        )
    )
    stack.output(title, Ref(title), f"The security group of {whose}")
