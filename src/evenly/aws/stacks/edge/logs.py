"""What CloudFront was asked, as files in a bucket. Pure.

By the deliveries of CloudWatch, which need no access list on the bucket and are free of charge for files.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html
"""

from typing import Any

from troposphere import GetAtt, Ref, Sub, cloudfront, logs, s3

from evenly.aws.naming import fitted
from evenly.aws.stacks.buckets import NOT_PUBLIC, OWNED, bucket_policy, encryption
from evenly.aws.stacks.common import Stack, Statement, substituted
from evenly.aws.stacks.keys import delivered

NAME_MOST = 60  # characters, of a source and of a destination


def add_logs(stack: Stack, distribution: cloudfront.Distribution, key: Any) -> None:
    """Kept as long as the environment's other logs."""
    _bucket(stack, key)
    name = fitted(f"{stack.names.prefix}-edge", NAME_MOST)
    source = stack.add(
        logs.DeliverySource(
            "LogSource",
            Name=name,
            LogType="ACCESS_LOGS",
            ResourceArn=Sub(
                f"arn:${{AWS::Partition}}:cloudfront::${{AWS::AccountId}}:distribution/${{{distribution.title}}}"
            ),
        )
    )
    destination = stack.add(
        logs.DeliveryDestination(
            "LogDestination",
            Name=name,
            DeliveryDestinationType="S3",
            DestinationResourceArn=GetAtt("Logs", "Arn"),
            OutputFormat="json",
        )
    )
    stack.add(
        logs.Delivery(
            "LogDelivery",
            DeliverySourceName=Ref(source),
            DeliveryDestinationArn=GetAtt(destination, "Arn"),
            S3SuffixPath="{DistributionId}/{yyyy}/{MM}/{dd}/{HH}",
            DependsOn=["LogsPolicy"],
        )
    )


def _bucket(stack: Stack, key: Any) -> None:
    days = stack.topology.observability.retention
    stack.add(
        s3.Bucket(
            "Logs",
            BucketName=substituted(stack.names.bucket("edge-logs")),
            BucketEncryption=encryption(key),
            OwnershipControls=OWNED,
            PublicAccessBlockConfiguration=NOT_PUBLIC,
            VersioningConfiguration=s3.VersioningConfiguration(Status="Enabled"),
            LifecycleConfiguration=s3.LifecycleConfiguration(Rules=[_kept(days)]),
            DeletionPolicy="Retain",
            UpdateReplacePolicy="Retain",
        )
    )
    bucket_policy(stack, "Logs", _written())


def _kept(days: int) -> s3.LifecycleRule:
    return s3.LifecycleRule(
        Id="kept",
        Status="Enabled",
        ExpirationInDays=days,
        NoncurrentVersionExpiration=s3.NoncurrentVersionExpiration(NoncurrentDays=1),
        AbortIncompleteMultipartUpload=s3.AbortIncompleteMultipartUpload(DaysAfterInitiation=1),
    )


def _written() -> Statement:
    conditions = delivered()
    conditions["StringEquals"]["s3:x-amz-acl"] = "bucket-owner-full-control"
    return Statement(
        "WrittenByTheDelivery",
        ("s3:PutObject",),
        (Sub("${Logs.Arn}/AWSLogs/${AWS::AccountId}/CloudFront/*"),),
        conditions,
        principal={"Service": "delivery.logs.amazonaws.com"},
    )
