"""Where the balancer writes its access logs. Pure.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html: the bucket can only be
encrypted by S3's own keys, which is why the environment's key is not used here (a named exception).
"""

from troposphere import s3

from evenly.aws.stacks.buckets import NOT_PUBLIC, OWNED, bucket_policy, encryption
from evenly.aws.stacks.common import Stack, Statement, substituted

PREFIX = "balancer"
WRITER = "logdelivery.elasticloadbalancing.amazonaws.com"


def access_logs(stack: Stack) -> tuple[s3.Bucket, s3.BucketPolicy]:
    """The bucket, and the policy that lets balancers of this account write into it."""
    bucket = stack.add(
        s3.Bucket(
            "AccessLogs",
            BucketName=substituted(stack.names.bucket("access-logs")),
            BucketEncryption=encryption(),
            LifecycleConfiguration=s3.LifecycleConfiguration(
                Rules=[
                    s3.LifecycleRule(
                        Id="kept",
                        Status="Enabled",
                        ExpirationInDays=stack.topology.observability.retention,
                        NoncurrentVersionExpiration=s3.NoncurrentVersionExpiration(NoncurrentDays=1),
                        AbortIncompleteMultipartUpload=s3.AbortIncompleteMultipartUpload(
                            DaysAfterInitiation=1
                        ),
                    )
                ]
            ),
            OwnershipControls=OWNED,
            PublicAccessBlockConfiguration=NOT_PUBLIC,
            VersioningConfiguration=s3.VersioningConfiguration(Status="Enabled"),
            DeletionPolicy="RetainExceptOnCreate",
            UpdateReplacePolicy="Retain",
        )
    )
    return bucket, bucket_policy(stack, "AccessLogs", _written_by_balancers())


def _written_by_balancers() -> Statement:
    """As the documentation has it, without conditions on who asks: it names none that the writer is sure to set, and
    one that it does not set would silently lose the logs. The path has this account's number."""
    return Statement(
        "WrittenByBalancers",
        ("s3:PutObject",),
        (f"${{AccessLogs.Arn}}/{PREFIX}/AWSLogs/${{AWS::AccountId}}/*",),
        principal={"Service": WRITER},
    )
