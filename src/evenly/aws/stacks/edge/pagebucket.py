"""The bucket of the error pages, which nobody but the distribution reads. Pure.

It is encrypted by S3's own key: what is in it is what everybody may read, and a page that is shown when all else fails
is not to depend on one service more.
"""

from troposphere import Sub, cloudfront, s3

from evenly.aws.edgepages import FOLDER
from evenly.aws.naming import fitted
from evenly.aws.stacks.buckets import NOT_PUBLIC, OWNED, bucket_policy, encryption
from evenly.aws.stacks.common import Stack, Statement, substituted

ACCESS_NAME_MOST = 64  # characters; https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_OriginAccessControlConfig.html
NONCURRENT_DAYS = 30


def add_pages(stack: Stack) -> s3.Bucket:
    bucket = stack.add(
        s3.Bucket(
            "Pages",
            BucketName=substituted(stack.names.bucket("pages")),
            BucketEncryption=encryption(),
            OwnershipControls=OWNED,
            PublicAccessBlockConfiguration=NOT_PUBLIC,
            VersioningConfiguration=s3.VersioningConfiguration(Status="Enabled"),
            LifecycleConfiguration=s3.LifecycleConfiguration(
                Rules=[
                    s3.LifecycleRule(
                        Id="replaced",
                        Status="Enabled",
                        NoncurrentVersionExpiration=s3.NoncurrentVersionExpiration(
                            NoncurrentDays=NONCURRENT_DAYS
                        ),
                    )
                ]
            ),
            DeletionPolicy="Retain",
            UpdateReplacePolicy="Retain",
        )
    )
    bucket_policy(stack, "Pages", _read())
    _access(stack)
    return bucket


def _read() -> Statement:
    """By the distribution of this environment alone, and the pages alone.
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html"""
    own = Sub("arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}")
    return Statement(
        "ReadByTheDistribution",
        ("s3:GetObject",),
        (Sub(f"${{Pages.Arn}}/{FOLDER}/*"),),
        {"StringEquals": {"aws:SourceArn": own}},
        principal={"Service": "cloudfront.amazonaws.com"},
    )


def _access(stack: Stack) -> cloudfront.OriginAccessControl:
    return stack.add(
        cloudfront.OriginAccessControl(
            "PagesAccess",
            OriginAccessControlConfig=cloudfront.OriginAccessControlConfig(
                Name=fitted(f"{stack.names.prefix}-pages", ACCESS_NAME_MOST),
                Description="Reads the error pages",
                OriginAccessControlOriginType="s3",
                SigningBehavior="always",
                SigningProtocol="sigv4",
            ),
        )
    )
