"""What CloudFormation's service role may for the network and the data (see the package). Pure.

EC2 chooses the ids. What is new is tagged as it is made, so a tag can be put on nothing else than what is being made
and what bears the environment's tags already: none can be adopted, to be removed afterwards.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
"""

from evenly.aws.naming import Names, arn
from evenly.aws.stacks.common import Statement
from evenly.aws.stacks.security.cloudformation.parts import records, tags
from evenly.aws.stacks.security.statements import ours
from evenly.aws.topology import AwsTopology

# By the action that makes it; what else each of them names has to be the environment's already.
MADE = {
    "ec2:AllocateAddress": "elastic-ip",
    "ec2:CreateFlowLogs": "vpc-flow-log",
    "ec2:CreateInternetGateway": "internet-gateway",
    "ec2:CreateNatGateway": "natgateway",
    "ec2:CreateRouteTable": "route-table",
    "ec2:CreateSecurityGroup": "security-group",
    "ec2:CreateSubnet": "subnet",
    "ec2:CreateVpc": "vpc",
    "ec2:CreateVpcEndpoint": "vpc-endpoint",
}


def network(topology: AwsTopology) -> tuple[Statement, ...]:
    names = topology.names
    made = tuple(arn("ec2", f"{it}/*") for it in MADE.values())
    return (
        *(
            Statement(action.removeprefix("ec2:"), (action,), (what,))
            for action, what in zip(MADE, made, strict=True)
        ),
        Statement("MakeRules", AUTHORISE, (arn("ec2", "security-group-rule/*"),)),
        Statement("ChangeOurs", CHANGE, (arn("ec2", "*"),), ours(names)),
        *tags("Network", "ec2:CreateAction", "ec2:CreateTags", "ec2:DeleteTags", names, made),
        Statement("See", SEE, ("*",)),
        Statement("JoinZones", JOIN, ("arn:${AWS::Partition}:route53:::hostedzone/*",)),
        *records(topology),
    )


# The private zone's, and those that AWS makes for its services' endpoints.
JOIN = ("route53:AssociateVPCWithHostedZone", "route53:DisassociateVPCFromHostedZone")
AUTHORISE = ("ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress")
CHANGE = (
    *AUTHORISE,
    "ec2:AssociateRouteTable",
    "ec2:AttachInternetGateway",
    "ec2:CreateFlowLogs",
    "ec2:CreateNatGateway",
    "ec2:CreateRoute",
    "ec2:CreateRouteTable",
    "ec2:CreateSecurityGroup",
    "ec2:CreateSubnet",
    "ec2:CreateVpcEndpoint",
    "ec2:DeleteFlowLogs",
    "ec2:DeleteInternetGateway",
    "ec2:DeleteNatGateway",
    "ec2:DeleteRoute",
    "ec2:DeleteRouteTable",
    "ec2:DeleteSecurityGroup",
    "ec2:DeleteSubnet",
    "ec2:DeleteVpc",
    "ec2:DeleteVpcEndpoints",
    "ec2:DescribeVpcAttribute",
    "ec2:DetachInternetGateway",
    "ec2:DisassociateAddress",
    "ec2:DisassociateRouteTable",
    "ec2:ModifySubnetAttribute",
    "ec2:ModifyVpcAttribute",
    "ec2:ModifyVpcEndpoint",
    "ec2:ReleaseAddress",
    "ec2:ReplaceRoute",
    "ec2:ReplaceRouteTableAssociation",
    "ec2:RevokeSecurityGroupEgress",
    "ec2:RevokeSecurityGroupIngress",
    "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
    "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
)
SEE = (
    "ec2:DescribeAccountAttributes",
    "ec2:DescribeAddresses",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeFlowLogs",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeNatGateways",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribePrefixLists",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroupRules",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeTags",
    "ec2:DescribeVpcEncryptionControls",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcs",
)


def data(topology: AwsTopology) -> tuple[Statement, ...]:
    names = topology.names
    return (
        *_database(names),
        *_secrets(names),
        *_private_zone(),
    )


def _database(names: Names) -> tuple[Statement, ...]:
    """The option group is AWS's own, one for each version of PostgreSQL."""
    groups = (arn("rds", f"pg:{names.every()}"), arn("rds", f"subgrp:{names.every()}"))
    instance = (names.database_arn, arn("rds", f"snapshot:{names.every()}"))
    return (
        Statement("KeepDatabase", DATABASE, (*instance, *groups)),
        Statement(
            "TakeOptions", ("rds:CreateDBInstance", "rds:ModifyDBInstance"), (arn("rds", "og:default:*"),)
        ),
        Statement("KeepSettings", SETTINGS, (*instance, *groups)),
        Statement(
            "SeeEngines",
            ("rds:DescribeDBEngineVersions", "rds:DescribeEngineDefaultParameters", "rds:DescribeEvents"),
            ("*",),
        ),
    )


DATABASE = (
    "rds:CreateDBInstance",
    "rds:CreateDBSnapshot",
    "rds:DeleteDBInstance",
    "rds:DescribeDBInstances",
    "rds:DescribeDBSnapshots",
    "rds:ModifyDBInstance",
    "rds:RebootDBInstance",
)
SETTINGS = (
    "rds:AddTagsToResource",
    "rds:CreateDBParameterGroup",
    "rds:CreateDBSubnetGroup",
    "rds:DeleteDBParameterGroup",
    "rds:DeleteDBSubnetGroup",
    "rds:DescribeDBParameterGroups",
    "rds:DescribeDBParameters",
    "rds:DescribeDBSubnetGroups",
    "rds:ListTagsForResource",
    "rds:ModifyDBParameterGroup",
    "rds:ModifyDBSubnetGroup",
    "rds:RemoveTagsFromResource",
    "rds:ResetDBParameterGroup",
)


def _secrets(names: Names) -> tuple[Statement, ...]:
    """It reads the owner's, to make the database with it."""
    return (
        Statement(
            "KeepSecrets",
            (
                "secretsmanager:CancelRotateSecret",
                "secretsmanager:CreateSecret",
                "secretsmanager:DeleteResourcePolicy",
                "secretsmanager:DeleteSecret",
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetResourcePolicy",
                "secretsmanager:GetSecretValue",
                "secretsmanager:PutResourcePolicy",
                "secretsmanager:PutSecretValue",
                "secretsmanager:RotateSecret",
                "secretsmanager:TagResource",
                "secretsmanager:UntagResource",
                "secretsmanager:UpdateSecret",
            ),
            (names.secret_arn("database/*"),),
        ),
        Statement("MakePasswords", ("secretsmanager:GetRandomPassword",), ("*",)),
    )


def _private_zone() -> tuple[Statement, ...]:
    """Route 53 chooses the id, and knows no tags in a policy."""
    return (
        Statement("MakeZone", ("route53:CreateHostedZone",), ("*",)),
        Statement(
            "KeepZone",
            (
                "route53:ChangeTagsForResource",
                "route53:DeleteHostedZone",
                "route53:ListQueryLoggingConfigs",
                "route53:ListTagsForResource",
                "route53:UpdateHostedZoneComment",
            ),
            ("arn:${AWS::Partition}:route53:::hostedzone/*",),
        ),
    )
