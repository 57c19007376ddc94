"""What CloudFormation's service role may for the edge, and for what tells of it (see the package). Pure.

All of it is in CloudFront's own region, or in none.
"""

from evenly.aws.naming import Names, arn
from evenly.aws.stacks.common import Statement
from evenly.aws.stacks.security.cloudformation.parts import buckets, certificates, firewall, topics
from evenly.aws.stacks.security.statements import asked_as_ours, ours
from evenly.aws.topology import EDGE_REGION, AwsTopology


def edge(topology: AwsTopology) -> tuple[Statement, ...]:
    names = topology.names
    return (
        *_distribution(names),
        *_checks(),
        *(firewall(names, "global", EDGE_REGION) if topology.edge.firewall else ()),
        *(certificates(names, EDGE_REGION) if topology.alias else ()),
    )


def edge_logs(topology: AwsTopology) -> tuple[Statement, ...]:
    names = topology.names
    return (
        *_deliveries(names),
        *_key(names),
        buckets(names, "pages", "edge-logs", region=EDGE_REGION),
        topics(names, EDGE_REGION),
    )


def _distribution(names: Names) -> tuple[Statement, ...]:
    tagged = tuple(arn("cloudfront", f"{it}/*", "") for it in ("distribution", "vpcorigin"))
    parts = {
        "OriginAccessControl": "origin-access-control",
        "OriginRequestPolicy": "origin-request-policy",
        "ResponseHeadersPolicy": "response-headers-policy",
    }
    return (
        Statement(
            "MakeDistribution",
            tuple(f"cloudfront:Create{it}" for it in ("Distribution", "VpcOrigin", *parts)),
            ("*",),
        ),
        Statement("TagDistribution", ("cloudfront:TagResource",), tagged, asked_as_ours(names)),
        Statement("KeepDistribution", DISTRIBUTION, tagged, ours(names)),
        Statement(
            "KeepItsParts",
            tuple(f"cloudfront:{verb}{it}" for it in parts for verb in ("Delete", "Get", "Update")),
            tuple(arn("cloudfront", f"{it}/*", "") for it in parts.values()),
        ),
        Statement(
            "SeeOrigin",
            (
                "ec2:DescribeInternetGateways",
                "elasticloadbalancing:DescribeLoadBalancers",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
            ),
            ("*",),
        ),
    )


DISTRIBUTION = tuple(
    f"cloudfront:{it}"
    for it in (
        "AllowVendedLogDeliveryForResource",
        "DeleteDistribution",
        "DeleteVpcOrigin",
        "GetDistribution",
        "GetDistributionConfig",
        "GetVpcOrigin",
        "ListTagsForResource",
        "UntagResource",
        "UpdateDistribution",
        "UpdateVpcOrigin",
    )
)


def _deliveries(names: Names) -> tuple[Statement, ...]:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-S3.html"""
    sources, destinations = (
        arn("logs", f"{it}:{names.every()}", EDGE_REGION)
        for it in ("delivery-source", "delivery-destination")
    )
    deliveries = arn("logs", "delivery:*", EDGE_REGION)
    named = (sources, destinations)
    return (
        Statement("KeepEndsOfDelivery", _logs(*ENDS_OF_DELIVERY), named),
        Statement("KeepDelivery", _logs(*DELIVERY), (*named, deliveries)),
        Statement("SeeDeliveries", ("logs:DescribeDeliveries",), ("*",)),
    )


def _logs(*actions: str) -> tuple[str, ...]:
    return tuple(f"logs:{it}" for it in actions)


ENDS_OF_DELIVERY = (
    "DeleteDeliveryDestination",
    "DeleteDeliveryDestinationPolicy",
    "DeleteDeliverySource",
    "GetDeliveryDestination",
    "GetDeliveryDestinationPolicy",
    "GetDeliverySource",
    "PutDeliveryDestination",
    "PutDeliverySource",
)
DELIVERY = (
    "CreateDelivery",
    "DeleteDelivery",
    "GetDelivery",
    "ListTagsForResource",
    "TagResource",
    "UntagResource",
    "UpdateDeliveryConfiguration",
)


def _key(names: Names) -> tuple[Statement, ...]:
    """A key is of one region, so the edge has its own."""
    keys, alias = arn("kms", "key/*", EDGE_REGION), arn("kms", f"alias/{names.every()}", EDGE_REGION)
    naming = ("kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias")
    return (
        Statement("MakeKey", ("kms:CreateKey",), ("*",), asked_as_ours(names)),
        Statement("TagKey", ("kms:TagResource",), (keys,), asked_as_ours(names)),
        Statement("KeepKey", (*KEPT_KEY, *naming), (keys,), ours(names)),
        Statement("NameKey", naming, (alias,)),
        Statement("SeeNames", ("kms:ListAliases",), ("*",)),
    )


KEPT_KEY = (
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:EnableKeyRotation",
    "kms:GenerateDataKey",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateKeyDescription",
)


def _checks() -> tuple[Statement, ...]:
    """Route 53 chooses the ids, and knows no tags in a policy."""
    return (
        Statement("MakeCheck", ("route53:CreateHealthCheck",), ("*",)),
        Statement(
            "KeepCheck",
            (
                "route53:ChangeTagsForResource",
                "route53:DeleteHealthCheck",
                "route53:GetHealthCheck",
                "route53:ListTagsForResource",
                "route53:UpdateHealthCheck",
            ),
            ("arn:${AWS::Partition}:route53:::healthcheck/*",),
        ),
    )
