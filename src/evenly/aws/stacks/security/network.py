"""What tends the network may: the flow logs, and the function that closes its default security group. Pure."""

from evenly.aws.naming import Names, arn
from evenly.aws.stacks.common import Statement, trust
from evenly.aws.stacks.security.statements import Role, decrypt_environment, write_logs
from evenly.aws.stacks.security.tasks import traced
from evenly.aws.topology import AwsTopology


def network_roles(topology: AwsTopology) -> tuple[Role, ...]:
    return (_flow_logs(topology.names), _default_group(topology))


def _flow_logs(names: Names) -> Role:
    """https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html"""
    return Role(
        "flow-logs",
        "Writes the network's flow logs",
        trust("vpc-flow-logs.amazonaws.com", arn("ec2", "vpc-flow-log/*")),
        (
            write_logs(names, "flow"),
            Statement("FindLogs", ("logs:DescribeLogStreams",), (names.log_group_arn("flow"),)),
            Statement("FindGroups", ("logs:DescribeLogGroups",), ("*",)),
        ),
    )


def _default_group(topology: AwsTopology) -> Role:
    """It can take rules away and make none. AWS made the group, so it bears no tag that could be asked for."""
    revoke = ("ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress")
    return Role(
        "default-group",
        "Takes every rule from the network's default security group",
        trust("lambda.amazonaws.com"),
        (
            Statement("Close", revoke, (arn("ec2", "security-group/*"),)),
            Statement("Look", ("ec2:DescribeSecurityGroupRules",), ("*",)),
            write_logs(topology.names, "network"),
            decrypt_environment(),
            *traced(topology),
        ),
    )
