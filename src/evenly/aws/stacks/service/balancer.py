"""The balancer: an Application Load Balancer over all zones, what it listens on, and whom it asks. Pure.

What it says to clients is what Envoy says locally, as far as an ALB can; where it can't, `evenly.aws.parity` says so.
"""

from typing import Any, ClassVar

from msgspec import Struct
from troposphere import GetAtt, Ref, Split, Sub, Tags, certificatemanager, wafv2
from troposphere import elasticloadbalancingv2 as elb

from evenly.aws.stacks.common import Stack
from evenly.aws.stacks.firewall import add_firewall
from evenly.aws.stacks.service.accesslogs import PREFIX, access_logs
from evenly.aws.topology import APP_PORT, AwsTopology, Reach

# The newest, and what AWS recommends: TLS 1.2 and 1.3, forward secrecy, post-quantum key exchange where the client has
# it. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
HTTPS_PORT, HTTP_PORT = 443, 80
HEALTHY = "200"  # the status of a healthy answer


class Listener(elb.Listener):  # type: ignore[misc]  # troposphere has no types
    """With the tags that troposphere does not know yet. ECS may move traffic by what bears the environment's alone."""

    props: ClassVar[dict[str, Any]] = {**elb.Listener.props, "Tags": (Tags, False)}


class ListenerRule(elb.ListenerRule):  # type: ignore[misc]
    """With its tags."""

    props: ClassVar[dict[str, Any]] = {**elb.ListenerRule.props, "Tags": (Tags, False)}


class Balancer(Struct, frozen=True):
    """What the rest of the stack has to know of it. `listener`: the one that production traffic comes by; `rule`: of
    it, which ECS moves the traffic by; `other`: the second target group, for releases that are put beside the old
    one."""

    load_balancer: elb.LoadBalancer
    target_group: elb.TargetGroup
    listener: Listener
    other: elb.TargetGroup | None = None
    rule: ListenerRule | None = None


def balancer(stack: Stack) -> Balancer:
    """The load balancer with its target groups, listeners, certificate and access logs."""
    load_balancer = _load_balancer(stack)
    two = stack.topology.rollout.strategy != "rolling"
    target_group = _target_group(stack, "TargetGroup")
    other = _target_group(stack, "OtherTargetGroup") if two else None
    listener = _serving_listener(stack, load_balancer, target_group)
    _second_listener(stack, load_balancer, target_group)
    _firewall(stack, load_balancer)
    rule = _rule(stack, listener, target_group, other) if other else None
    return Balancer(load_balancer, target_group, listener, other, rule)


def is_public(topology: AwsTopology) -> bool:
    return topology.reach is Reach.BALANCER


def speaks_tls(topology: AwsTopology) -> bool:
    """Whether clients reach the balancer by HTTPS. Under CloudFront's own domain they can't: there is no name that a
    certificate could be for."""
    return topology.reach is not Reach.DEFAULT_DOMAIN


def target_protocol(topology: AwsTopology) -> str:
    return "HTTPS" if topology.app.protocol == "https" else "HTTP"


def service_url(topology: AwsTopology) -> Any:
    """Where the service is reached, by those who are let in here: CloudFront, or everybody."""
    scheme = "https" if speaks_tls(topology) else "http"
    host = topology.alias or "${Balancer.DNSName}"
    return Sub(f"{scheme}://{host}") if "${" in host else f"{scheme}://{host}"


def _load_balancer(stack: Stack) -> elb.LoadBalancer:
    bucket, policy = access_logs(stack)
    public = is_public(stack.topology)
    subnets = (
        stack.parameter("PublicSubnets", "The subnets that the internet reaches, one a zone")
        if public
        else stack.parameter("PrivateSubnets", "The subnets without a way in, one a zone")
    )
    return stack.add(
        elb.LoadBalancer(
            "Balancer",
            Type="application",
            Scheme="internet-facing" if public else "internal",
            IpAddressType="ipv4",
            Subnets=Split(",", subnets),
            SecurityGroups=[stack.parameter("BalancerGroup", "The security group of the balancer")],
            LoadBalancerAttributes=[
                elb.LoadBalancerAttributes(Key=key, Value=value)
                for key, value in _attributes(stack.topology, Ref(bucket)).items()
            ],
            DependsOn=[policy.title],
        )
    )


def _attributes(topology: AwsTopology, logs: Any) -> dict[str, Any]:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html"""
    return {
        "deletion_protection.enabled": _said(topology.production),
        "idle_timeout.timeout_seconds": str(topology.idle_timeout),
        "routing.http.desync_mitigation_mode": "strictest",
        "routing.http.drop_invalid_header_fields.enabled": "true",
        "routing.http.preserve_host_header.enabled": "true",
        "routing.http.xff_header_processing.mode": "append",
        "routing.http2.enabled": "true",
        "zonal_shift.config.enabled": "true",
        "access_logs.s3.enabled": "true",
        "access_logs.s3.bucket": logs,
        "access_logs.s3.prefix": PREFIX,
    }


def _said(truth: bool) -> str:
    return "true" if truth else "false"


def _target_group(stack: Stack, title: str) -> elb.TargetGroup:
    health, protocol = stack.topology.health, target_protocol(stack.topology)
    return stack.add(
        elb.TargetGroup(
            title,
            TargetType="ip",
            Protocol=protocol,
            ProtocolVersion="HTTP1",
            Port=APP_PORT,
            VpcId=stack.parameter("VpcId", "The network"),
            HealthCheckEnabled=True,
            HealthCheckProtocol=protocol,
            HealthCheckPath=health.path,
            HealthCheckIntervalSeconds=health.interval,
            HealthCheckTimeoutSeconds=health.timeout,
            HealthyThresholdCount=health.healthy_threshold,
            UnhealthyThresholdCount=health.unhealthy_threshold,
            Matcher=elb.Matcher(HttpCode=HEALTHY),
            TargetGroupAttributes=[
                elb.TargetGroupAttribute(Key=key, Value=value)
                for key, value in _target_attributes(stack.topology).items()
            ],
        )
    )


def _target_attributes(topology: AwsTopology) -> dict[str, str]:
    return {
        "deregistration_delay.timeout_seconds": str(topology.deregistration_delay),
        "load_balancing.algorithm.type": "least_outstanding_requests",
        "load_balancing.cross_zone.enabled": "true",
        "stickiness.enabled": "false",
    }


def _serving_listener(stack: Stack, balancer: elb.LoadBalancer, group: elb.TargetGroup) -> Listener:
    if not speaks_tls(stack.topology):
        return stack.add(_listener("HttpListener", balancer, HTTP_PORT, "HTTP", _forward(group)))
    return stack.add(
        _listener(
            "HttpsListener",
            balancer,
            HTTPS_PORT,
            "HTTPS",
            _forward(group),
            SslPolicy=TLS_POLICY,
            Certificates=[elb.Certificate(CertificateArn=_certificate(stack))],
            ListenerAttributes=_silent(),
        )
    )


def _second_listener(stack: Stack, balancer: elb.LoadBalancer, group: elb.TargetGroup) -> None:
    """Plain HTTP, where clients come here themselves: CloudFront redirects before, and asks by HTTPS alone."""
    if stack.topology.reach in (Reach.ALIAS, Reach.DEFAULT_DOMAIN):
        return
    redirect = elb.Action(
        Type="redirect",
        RedirectConfig=elb.RedirectConfig(
            Protocol="HTTPS",
            Port=str(HTTPS_PORT),
            Host="#{host}",
            Path="/#{path}",
            Query="#{query}",
            StatusCode="HTTP_301",
        ),
    )
    does = redirect if stack.topology.redirect_to_https else _forward(group)
    stack.add(_listener("HttpListener", balancer, HTTP_PORT, "HTTP", does, ListenerAttributes=_silent()))


def _listener(
    title: str, balancer: elb.LoadBalancer, port: int, protocol: str, does: elb.Action, **more: Any
) -> Listener:
    return Listener(
        title, LoadBalancerArn=Ref(balancer), Port=port, Protocol=protocol, DefaultActions=[does], **more
    )


def _forward(group: elb.TargetGroup) -> elb.Action:
    return elb.Action(Type="forward", TargetGroupArn=Ref(group))


def _weighted(*groups: elb.TargetGroup) -> elb.ListenerRuleAction:
    """All to the first. The others are there for ECS, which moves the traffic by their weights."""
    weights = [
        elb.TargetGroupTuple(TargetGroupArn=Ref(it), Weight=0 if number else 100)
        for number, it in enumerate(groups)
    ]
    return elb.ListenerRuleAction(Type="forward", ForwardConfig=elb.ForwardConfig(TargetGroups=weights))


def _silent() -> list[elb.ListenerAttribute]:
    """Without the header that names the software."""
    return [elb.ListenerAttribute(Key="routing.http.response.server.enabled", Value="false")]


def _rule(stack: Stack, listener: Listener, group: elb.TargetGroup, other: elb.TargetGroup) -> ListenerRule:
    """Takes every path, before the listener's own action: the rule is what ECS moves the traffic by."""
    return stack.add(
        ListenerRule(
            "ServingRule",
            ListenerArn=Ref(listener),
            Priority=1,
            Conditions=[
                elb.Condition(Field="path-pattern", PathPatternConfig=elb.PathPatternConfig(Values=["/*"]))
            ],
            Actions=[_weighted(group, other)],
        )
    )


def _firewall(stack: Stack, balancer: elb.LoadBalancer) -> None:
    """Where clients come here themselves. Where CloudFront stands in front, the firewall does too."""
    if stack.topology.edge.firewall and stack.topology.reach in (Reach.BALANCER, Reach.INTERNAL):
        key = stack.key()
        firewall = add_firewall(stack, "REGIONAL", key)
        stack.add(
            wafv2.WebACLAssociation(
                "FirewallAssociation", ResourceArn=Ref(balancer), WebACLArn=GetAtt(firewall, "Arn")
            )
        )


def _certificate(stack: Stack) -> Any:
    """For the alias one of AWS's, proved by a record in its zone; else one that Evenly has made and imported."""
    alias = stack.topology.alias
    if alias is None:
        return stack.parameter("CertificateArn", "The certificate that Evenly has made and imported")
    validation = certificatemanager.DomainValidationOption(DomainName=alias, HostedZoneId=_zone(stack))
    return Ref(
        stack.add(
            certificatemanager.Certificate(
                "Certificate",
                DomainName=alias,
                ValidationMethod="DNS",
                DomainValidationOptions=[validation],
                KeyAlgorithm="EC_prime256v1",
            )
        )
    )


def _zone(stack: Stack) -> Any:
    return stack.parameter("HostedZoneId", "The public hosted zone of the alias")
