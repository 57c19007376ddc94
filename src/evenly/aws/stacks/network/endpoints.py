"""AWS's services by endpoints in the network: S3 always, for it costs nothing; where there is no other way out, all
that is asked for. Pure."""

from troposphere import Ref, Sub, ec2

from evenly.aws.stacks.common import Stack
from evenly.aws.stacks.network.groups import HTTPS, nothing_out
from evenly.aws.stacks.network.subnets import named, private_subnets, private_tables
from evenly.aws.topology import AwsTopology

ALWAYS = (
    "ecr.api",
    "ecr.dkr",
    "logs",
    "monitoring",
    "secretsmanager",
    "ssm",
    "ssmmessages",  # ECS Exec and Session Manager
)
OF_HOSTS = ("autoscaling", "cloudformation", "ec2messages", "ecs", "ecs-agent", "ecs-telemetry")
OF_TRACES = ("xray",)


def add_endpoints(stack: Stack) -> None:
    stack.add(
        ec2.VPCEndpoint(
            "S3",
            VpcId=Ref("Network"),
            ServiceName=_service("s3"),
            VpcEndpointType="Gateway",
            RouteTableIds=private_tables(stack),
            Tags=named(stack, "s3"),
        )
    )
    if stack.topology.network.egress == "endpoints":
        _group(stack)
        for service in services(stack.topology):
            _interface(stack, service)


def services(topology: AwsTopology) -> tuple[str, ...]:
    """What is asked for from within the network."""
    hosts = OF_HOSTS if topology.on_hosts else ()
    traces = OF_TRACES if topology.observability.tracing else ()
    return tuple(sorted((*ALWAYS, *hosts, *traces)))


def _interface(stack: Stack, service: str) -> None:
    stack.add(
        ec2.VPCEndpoint(
            f"Endpoint{_title(service)}",
            VpcId=Ref("Network"),
            ServiceName=_service(service),
            VpcEndpointType="Interface",
            PrivateDnsEnabled=True,
            SecurityGroupIds=[Ref("EndpointsGroup")],
            SubnetIds=private_subnets(stack),
            Tags=named(stack, service.replace(".", "-")),
        )
    )


def _group(stack: Stack) -> None:
    rule = ec2.SecurityGroupRule(
        IpProtocol="tcp",
        FromPort=HTTPS,
        ToPort=HTTPS,
        CidrIp=stack.topology.network.cidr,
        Description="Whatever runs in the network",
    )
    stack.add(
        ec2.SecurityGroup(
            "EndpointsGroup",
            GroupDescription=f"{stack.names.prefix}: the endpoints of services",
            VpcId=Ref("Network"),
            SecurityGroupIngress=[rule],
            SecurityGroupEgress=[nothing_out()],
            Tags=named(stack, "endpoints"),
        )
    )


def _service(name: str) -> Sub:
    return Sub(f"com.amazonaws.${{AWS::Region}}.{name}")


def _title(service: str) -> str:
    return "".join(word.capitalize() for word in service.replace(".", "-").split("-"))
