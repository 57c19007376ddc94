"""The names in Route 53, and the check that asks for the service under them. Pure."""

from typing import Any

from troposphere import GetAtt, Tags, cloudfront, route53

from evenly.aws.stacks.common import Stack

# Of every distribution: https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html
CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
# HTTPS tells a browser that HTTP/3 is spoken before it has asked for anything.
TYPES = {"A": "Address", "AAAA": "AddressV6", "HTTPS": "Protocols"}
CHECK_INTERVAL = 30  # s, of each of Route 53's checkers
CHECK_FAILURES = 3  # in a row


def lead_to_distribution(stack: Stack, distribution: cloudfront.Distribution) -> None:
    """The alias, where there is one, leads to CloudFront."""
    if stack.topology.alias is None:
        return
    for kind, title in TYPES.items():
        _record(stack, title, kind, GetAtt(distribution, "DomainName"), CLOUDFRONT_ZONE, healthy=False)


def lead_to_balancer(stack: Stack) -> None:
    """The alias leads to an internal balancer: to addresses that mean something inside its network alone."""
    dns = stack.parameter("BalancerDns", "The balancer's own name")
    zone = stack.parameter("BalancerZoneId", "The zone of Route 53 that the balancer's own name is in")
    _record(stack, "Address", "A", dns, zone, healthy=True)


def add_health_check(stack: Stack, host: Any) -> route53.HealthCheck:
    """Asks as a visitor does: by name, through CloudFront and the balancer, down to an instance."""
    return stack.add(
        route53.HealthCheck(
            "HealthCheck",
            HealthCheckConfig=route53.HealthCheckConfig(
                Type="HTTPS",
                FullyQualifiedDomainName=host,
                Port=443,
                ResourcePath=stack.topology.health.path,
                EnableSNI=True,
                RequestInterval=CHECK_INTERVAL,
                FailureThreshold=CHECK_FAILURES,
            ),
            HealthCheckTags=Tags({**stack.tags(), "Name": stack.names.prefix}),
        )
    )


def _record(stack: Stack, title: str, kind: str, dns: Any, zone: Any, *, healthy: bool) -> None:
    hosted = stack.parameter("HostedZoneId", "The public zone of Route 53 that the alias is in")
    stack.add(
        route53.RecordSetType(
            title,
            HostedZoneId=hosted,
            Name=f"{stack.topology.alias}.",
            Type=kind,
            AliasTarget=route53.AliasTarget(DNSName=dns, HostedZoneId=zone, EvaluateTargetHealth=healthy),
        )
    )
