"""What stands in front of the balancer: CloudFront, its certificate, its error pages, its firewall, and the names in
Route 53. Pure.

The stack is in us-east-1, where CloudFront takes certificates and firewalls from, and where the metrics of all that
is global are; the balancer is in the environment's region. What comes from there comes as parameters, so that nothing
here looks into another region. A second region would be another origin, in a group with the first: `_origin` makes one.

    reach            what is made
    alias            all of it, and the names; the balancer is spoken to by HTTPS
    default domain   all but the names and the certificate; the balancer is spoken to by HTTP, inside the network
    internal         the name alone, where there is one; it leads to the balancer
    balancer         nothing
"""

from troposphere import GetAtt, Join, Ref, Template, certificatemanager, cloudfront, kms

from evenly.aws.naming import fitted
from evenly.aws.stacks.common import Stack
from evenly.aws.stacks.edge.alarms import add_alarms
from evenly.aws.stacks.edge.distribution import Parts, add_distribution
from evenly.aws.stacks.edge.logs import add_logs
from evenly.aws.stacks.edge.pagebucket import add_pages
from evenly.aws.stacks.edge.records import add_health_check, lead_to_balancer, lead_to_distribution
from evenly.aws.stacks.firewall import add_firewall
from evenly.aws.stacks.keys import make_key, used_by_delivery, used_by_logs, used_by_topic
from evenly.aws.stacks.notices import add_topic
from evenly.aws.topology import AwsTopology, Reach

CONCERN = "edge"
ORIGIN_NAME_MOST = 64  # characters; https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_VpcOriginEndpointConfig.html
HTTP_PORT, HTTPS_PORT = 80, 443  # of the balancer's listeners


def wanted(topology: AwsTopology) -> bool:
    """Whether there is anything to stand in front, or to name."""
    match topology.reach:
        case Reach.ALIAS | Reach.DEFAULT_DOMAIN:
            return True
        case Reach.INTERNAL:
            return topology.alias is not None
        case Reach.BALANCER:
            return False


def template(topology: AwsTopology) -> Template:
    """Raises ValueError for an environment that has no such stack."""
    if not wanted(topology):
        raise ValueError(f"{topology.names.prefix} has nothing in front of its balancer")
    if topology.reach is Reach.INTERNAL:
        return _name_alone(topology)
    stack = Stack(topology, CONCERN, "CloudFront, its certificate, its error pages and its names")
    key = _key(stack)
    topic = add_topic(stack, "edge-alarms", GetAtt(key, "Arn"))
    certificate = _certificate(stack)
    firewall = add_firewall(stack, "CLOUDFRONT", GetAtt(key, "Arn")) if topology.edge.firewall else None
    pages = add_pages(stack)
    distribution = add_distribution(stack, Parts(_origin(stack), pages, certificate, firewall))
    add_logs(stack, distribution, GetAtt(key, "Arn"))
    lead_to_distribution(stack, distribution)
    add_health_check(stack, topology.alias or GetAtt(distribution, "DomainName"))
    add_alarms(stack, topic)
    _outputs(stack, distribution, topic)
    return stack.finished()


def _name_alone(topology: AwsTopology) -> Template:
    stack = Stack(topology, CONCERN, "the name that leads to the internal balancer")
    lead_to_balancer(stack)
    stack.output(
        "PublicUrl", f"https://{topology.alias}", "Where the service is reached, from inside its network"
    )
    return stack.finished()


def _key(stack: Stack) -> kms.Key:
    """A key is of one region, and the environment's may be of another."""
    return make_key(
        stack,
        "Key",
        f"{stack.names.prefix}-edge",
        f"Encrypts what the edge of {stack.names.prefix} logs and tells",
        used_by_logs(stack.names.firewall_log_group_arn),
        used_by_topic(stack.names.topic_arn("edge-alarms")),
        used_by_delivery(),
    )


def _certificate(stack: Stack) -> certificatemanager.Certificate | None:
    """Validated by a record that CloudFormation writes, and renewed by ACM for as long as that record is there."""
    alias = stack.topology.alias
    if alias is None:
        return None
    zone = stack.parameter("HostedZoneId", "The public zone of Route 53 that the alias is in")
    return stack.add(
        certificatemanager.Certificate(
            "Certificate",
            DomainName=alias,
            ValidationMethod="DNS",
            KeyAlgorithm="EC_prime256v1",
            DomainValidationOptions=[
                certificatemanager.DomainValidationOption(DomainName=alias, HostedZoneId=zone)
            ],
        )
    )


def _origin(stack: Stack) -> cloudfront.VpcOrigin:
    """The balancer, reached inside its network. While a distribution uses an origin, CloudFront changes nothing of it
    (CannotUpdateEntityWhileInUse): who is spoken to in another way gets another one.
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-vpc-origins.html"""
    balancer = stack.parameter("BalancerArn", "The balancer in the environment's region")
    protocol = "https" if stack.topology.reach is Reach.ALIAS else "http"
    return stack.add(
        cloudfront.VpcOrigin(
            f"Origin{protocol.title()}",
            VpcOriginEndpointConfig=cloudfront.VpcOriginEndpointConfig(
                Arn=balancer,
                Name=fitted(f"{stack.names.prefix}-{protocol}", ORIGIN_NAME_MOST),
                HTTPPort=HTTP_PORT,
                HTTPSPort=HTTPS_PORT,
                OriginProtocolPolicy=f"{protocol}-only",
                OriginSSLProtocols=["TLSv1.2"],
            ),
        )
    )


def _outputs(stack: Stack, distribution: cloudfront.Distribution, topic: Ref) -> None:
    domain = GetAtt(distribution, "DomainName")
    alias = stack.topology.alias
    url = f"https://{alias}" if alias else Join("", ["https://", domain])
    stack.output("PublicUrl", url, "Where the service is reached")
    stack.output("DistributionId", Ref(distribution), "The distribution of CloudFront")
    stack.output("DistributionDomain", domain, "CloudFront's own name for the distribution")
    stack.output("PagesBucket", Ref("Pages"), "The bucket of the error pages")
    stack.output(
        "HealthCheckId", GetAtt("HealthCheck", "HealthCheckId"), "The check that asks as a visitor does"
    )
    stack.output("EdgeAlarmTopicArn", topic, "The topic that tells of alarms of the edge")
