"""A key of an environment, and who may use it. Pure."""

from troposphere import Ref, kms

from evenly.aws.stacks.common import Stack, Statement, policy, substituted

ACCOUNT = {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}
HERE = ("*",)  # in a key's own policy: this key
WAITS_DAYS = 30  # before a key that was told to go is gone


def make_key(stack: Stack, name: str, alias: str, description: str, *more: Statement) -> kms.Key:
    """The key with the logical id `name`. The account's own policies decide who of it may use it; `more`: who else."""
    made = stack.add(
        kms.Key(
            name,
            Description=description,
            EnableKeyRotation=True,
            PendingWindowInDays=WAITS_DAYS,
            KeyPolicy=policy((_held_by_account(), _used_by_account(), *more)),
            DeletionPolicy="Retain",
            UpdateReplacePolicy="Retain",
        )
    )
    stack.add(kms.Alias(f"{name}Alias", AliasName=f"alias/{alias}", TargetKeyId=Ref(made)))
    return made


def used_by_logs(*groups: str) -> Statement:
    """By AWS's logs, for groups whose ARN is like one of `groups`.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html"""
    return Statement(
        "UsedByLogs",
        (
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
            "kms:GenerateDataKey",
            "kms:ReEncryptFrom",
            "kms:ReEncryptTo",
        ),
        HERE,
        {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": [substituted(it) for it in groups]}},
        principal={"Service": {"Fn::Sub": "logs.${AWS::Region}.amazonaws.com"}},
    )


def used_by_topic(topic_arn: str, *services: str) -> Statement:
    """By alarms, and by other `services` that publish to the topic. SNS names the topic to the key, whoever publishes.
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html"""
    return Statement(
        "UsedByTheTopicOfAlarms",
        ("kms:Decrypt", "kms:GenerateDataKey"),
        HERE,
        {"StringEquals": {"kms:EncryptionContext:aws:sns:topicArn": substituted(topic_arn)}},
        principal={"Service": ["cloudwatch.amazonaws.com", *services]},
    )


def used_by_delivery() -> Statement:
    """By the delivery of CloudFront's logs into a bucket.
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html"""
    return Statement(
        "UsedByTheDeliveryOfLogs",
        ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"),
        HERE,
        delivered(),
        principal={"Service": "delivery.logs.amazonaws.com"},
    )


def delivered() -> dict[str, dict[str, object]]:
    """That the delivery is one of this account's."""
    source = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:delivery-source:*"
    return {
        "StringEquals": {"aws:SourceAccount": Ref("AWS::AccountId")},
        "ArnLike": {"aws:SourceArn": substituted(source)},
    }


def _held_by_account() -> Statement:
    return Statement(
        "HeldByTheAccount",
        (
            "kms:CancelKeyDeletion",
            "kms:CreateAlias",
            "kms:DeleteAlias",
            "kms:DescribeKey",
            "kms:DisableKey",
            "kms:EnableKey",
            "kms:EnableKeyRotation",
            "kms:GetKeyPolicy",
            "kms:GetKeyRotationStatus",
            "kms:ListResourceTags",
            "kms:PutKeyPolicy",
            "kms:ScheduleKeyDeletion",
            "kms:TagResource",
            "kms:UntagResource",
            "kms:UpdateAlias",
            "kms:UpdateKeyDescription",
        ),
        HERE,
        principal=ACCOUNT,
    )


def _used_by_account() -> Statement:
    """By whom the policies of the account let."""
    return Statement(
        "UsedByTheAccount",
        (
            "kms:CreateGrant",
            "kms:Decrypt",
            "kms:Encrypt",
            "kms:GenerateDataKey",
            "kms:GenerateDataKeyWithoutPlaintext",
            "kms:ReEncryptFrom",
            "kms:ReEncryptTo",
        ),
        HERE,
        principal=ACCOUNT,
    )
