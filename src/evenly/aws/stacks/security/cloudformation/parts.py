"""What several of CloudFormation's stacks have, as statements of its service role (see the package).
Pure."""

from evenly.aws.naming import HERE, Names, arn
from evenly.aws.stacks.common import Statement
from evenly.aws.stacks.security.statements import asked_as_ours, ours
from evenly.aws.topology import AwsTopology


def buckets(names: Names, *purposes: str, region: str = HERE) -> Statement:
    return Statement("KeepBuckets", BUCKET, tuple(names.bucket_arn(it, region) for it in purposes))


BUCKET = (
    "s3:CreateBucket",
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:GetAccelerateConfiguration",
    "s3:GetAnalyticsConfiguration",
    "s3:GetBucketAbac",
    "s3:GetBucketAcl",
    "s3:GetBucketCORS",
    "s3:GetBucketLogging",
    "s3:GetBucketMetadataTableConfiguration",
    "s3:GetBucketNotification",
    "s3:GetBucketObjectLockConfiguration",
    "s3:GetBucketOwnershipControls",
    "s3:GetBucketPolicy",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketTagging",
    "s3:GetBucketVersioning",
    "s3:GetBucketWebsite",
    "s3:GetEncryptionConfiguration",
    "s3:GetIntelligentTieringConfiguration",
    "s3:GetInventoryConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:GetMetricsConfiguration",
    "s3:GetReplicationConfiguration",
    "s3:ListBucket",
    "s3:ListTagsForResource",
    "s3:PutBucketLogging",
    "s3:PutBucketNotification",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketTagging",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:TagResource",
    "s3:UntagResource",
)


def records(topology: AwsTopology) -> tuple[Statement, ...]:
    """Names of the environment's own alone, in whichever zone: its alias, what proves that the alias is ours, and
    what is in the private zone.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-rrset-conditions.html
    """
    names = topology.names
    own = [f"*.{names.private_zone}"]
    if topology.alias is not None:
        own += [topology.alias, f"*.{topology.alias}"]
    zones = ("arn:${AWS::Partition}:route53:::hostedzone/*",)
    return (
        Statement(
            "KeepRecords",
            ("route53:ChangeResourceRecordSets",),
            zones,
            {"ForAllValues:StringLike": {"route53:ChangeResourceRecordSetsNormalizedRecordNames": own}},
        ),
        Statement("SeeRecords", ("route53:GetHostedZone", "route53:ListResourceRecordSets"), zones),
        Statement("SeeChanges", ("route53:GetChange",), ("arn:${AWS::Partition}:route53:::change/*",)),
    )


def tags(
    whose: str, made_by: str, on: str, off: str, names: Names, what: tuple[str, ...]
) -> tuple[Statement, ...]:
    """Tags, by the actions that put them `on` and take them `off`: on what is being made, which AWS says in the
    condition key `made_by`, and on what is the environment's. `whose` tells the statements apart."""
    return (
        Statement(f"Tag{whose}MadeNow", (on,), what, {"Null": {made_by: "false"}}),
        Statement(f"Tag{whose}", (on, off), (arn(on.split(":")[0], "*"),), ours(names)),
    )


def certificates(names: Names, region: str = HERE) -> tuple[Statement, ...]:
    """https://docs.aws.amazon.com/acm/latest/userguide/authen-apipermissions.html"""
    all_here = (arn("acm", "certificate/*", region),)
    return (
        Statement("AskForCertificate", ("acm:RequestCertificate",), ("*",)),
        Statement("TagCertificate", ("acm:AddTagsToCertificate",), all_here, asked_as_ours(names)),
        Statement(
            "KeepCertificate",
            (
                "acm:DeleteCertificate",
                "acm:DescribeCertificate",
                "acm:ListTagsForCertificate",
                "acm:RemoveTagsFromCertificate",
                "acm:UpdateCertificateOptions",
            ),
            all_here,
            ours(names),
        ),
    )


def topics(names: Names, region: str = HERE) -> Statement:
    return Statement(
        "KeepTopics",
        (
            "sns:CreateTopic",
            "sns:DeleteTopic",
            "sns:GetDataProtectionPolicy",
            "sns:GetSubscriptionAttributes",
            "sns:GetTopicAttributes",
            "sns:ListSubscriptionsByTopic",
            "sns:ListTagsForResource",
            "sns:SetSubscriptionAttributes",
            "sns:SetTopicAttributes",
            "sns:Subscribe",
            "sns:TagResource",
            "sns:Unsubscribe",
            "sns:UntagResource",
        ),
        (arn("sns", names.every(), region),),
    )


def firewall(names: Names, scope: str, region: str = HERE) -> tuple[Statement, ...]:
    """`scope`: `global` for CloudFront's, `regional` for a balancer's. The rules in it are AWS's own.

    https://docs.aws.amazon.com/waf/latest/developerguide/security_iam_id-based-policy-examples.html
    https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
    """
    acl = arn("wafv2", f"{scope}/webacl/{names.every()}/*", region)
    rules = arn("wafv2", f"{scope}/managedruleset/*", region)
    return (
        Statement("KeepFirewall", FIREWALL, (acl,)),
        Statement("TakeRules", ("wafv2:CreateWebACL", "wafv2:UpdateWebACL"), (rules,)),
        Statement("LogFirewall", DELIVERY, ("*",)),
    )


FIREWALL = (
    "wafv2:CreateWebACL",
    "wafv2:DeleteLoggingConfiguration",
    "wafv2:DeleteWebACL",
    "wafv2:GetLoggingConfiguration",
    "wafv2:GetWebACL",
    "wafv2:ListTagsForResource",
    "wafv2:PutLoggingConfiguration",
    "wafv2:TagResource",
    "wafv2:UntagResource",
    "wafv2:UpdateWebACL",
)
DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeResourcePolicies",
    "logs:PutResourcePolicy",
)
