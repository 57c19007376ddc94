"""What every bucket has: no way in for the public, no plain HTTP, encryption. Pure."""

from typing import Any

from troposphere import Ref, Sub, s3

from evenly.aws.stacks.common import Stack, Statement, policy

NOT_PUBLIC = s3.PublicAccessBlockConfiguration(
    BlockPublicAcls=True, BlockPublicPolicy=True, IgnorePublicAcls=True, RestrictPublicBuckets=True
)
OWNED = s3.OwnershipControls(Rules=[s3.OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")])


def encryption(key_arn: Any = None) -> s3.BucketEncryption:
    """By the key, or by S3's own for a bucket whose writer can't use one of ours."""
    by = (
        s3.ServerSideEncryptionByDefault(SSEAlgorithm="AES256")
        if key_arn is None
        else s3.ServerSideEncryptionByDefault(SSEAlgorithm="aws:kms", KMSMasterKeyID=key_arn)
    )
    rule = s3.ServerSideEncryptionRule(ServerSideEncryptionByDefault=by, BucketKeyEnabled=key_arn is not None)
    return s3.BucketEncryption(ServerSideEncryptionConfiguration=[rule])


def bucket_policy(stack: Stack, bucket: str, *more: Statement) -> s3.BucketPolicy:
    """Of the bucket with the logical id `bucket`: plain HTTP is refused to everybody, and what `more` says."""
    return stack.add(
        s3.BucketPolicy(
            f"{bucket}Policy", Bucket=Ref(bucket), PolicyDocument=policy((_no_plain_http(bucket), *more))
        )
    )


def _no_plain_http(bucket: str) -> Statement:
    return Statement(
        "NoPlainHttp",
        ("s3:*",),
        (Sub(f"${{{bucket}.Arn}}"), Sub(f"${{{bucket}.Arn}}/*")),
        {"Bool": {"aws:SecureTransport": "false"}},
        effect="Deny",
        principal={"AWS": "*"},
    )
