"""What has to be there before anything else: the key of the environment, the bucket of its artifacts, the repository
of its images. Pure."""

import json

from troposphere import GetAtt, Ref, Template, ecr, kms, s3

from evenly.aws.naming import arn
from evenly.aws.stacks.buckets import NOT_PUBLIC, OWNED, bucket_policy, encryption
from evenly.aws.stacks.common import Stack, substituted
from evenly.aws.stacks.keys import make_key, used_by_logs, used_by_topic
from evenly.aws.topology import AwsTopology

CONCERN = "foundation"
NONCURRENT_DAYS = 90  # that an artifact which was replaced can still be returned to
IMAGES = 50  # kept; a release can be returned to while its image is


def template(topology: AwsTopology) -> Template:
    stack = Stack(topology, CONCERN, "the key, the bucket of artifacts and the repository of images")
    key = _key(stack)
    bucket = _bucket(stack, key)
    repository = _repository(stack, key)
    stack.output("KeyArn", GetAtt(key, "Arn"), "The key that the environment's data is encrypted with")
    stack.output("ArtifactBucket", Ref(bucket), "The bucket of templates, playbooks and functions")
    stack.output("RepositoryUri", GetAtt(repository, "RepositoryUri"), "Where images are pushed to")
    return stack.finished()


def _key(stack: Stack) -> kms.Key:
    """One key for the environment. AWS's logs may use it for the groups of the environment alone, and what tells of
    alarms for its topic alone."""
    names = stack.names
    database_logs = arn("logs", f"log-group:{names.database_log_group('*')}")  # RDS chooses their names
    return make_key(
        stack,
        "Key",
        stack.names.prefix,
        f"Encrypts the data of {stack.names.prefix}",
        used_by_logs(names.log_group_arn("*"), database_logs, names.firewall_log_group_arn),
        used_by_topic(stack.names.topic_arn("alarms"), "events.rds.amazonaws.com"),
    )


def _bucket(stack: Stack, key: kms.Key) -> s3.Bucket:
    bucket = stack.add(
        s3.Bucket(
            "Artifacts",
            BucketName=substituted(stack.names.bucket("artifacts")),
            BucketEncryption=encryption(GetAtt(key, "Arn")),
            LifecycleConfiguration=s3.LifecycleConfiguration(
                Rules=[
                    s3.LifecycleRule(
                        Id="replaced",
                        Status="Enabled",
                        NoncurrentVersionExpiration=s3.NoncurrentVersionExpiration(
                            NoncurrentDays=NONCURRENT_DAYS
                        ),
                        AbortIncompleteMultipartUpload=s3.AbortIncompleteMultipartUpload(
                            DaysAfterInitiation=7
                        ),
                    )
                ]
            ),
            OwnershipControls=OWNED,
            PublicAccessBlockConfiguration=NOT_PUBLIC,
            VersioningConfiguration=s3.VersioningConfiguration(Status="Enabled"),
            DeletionPolicy="Retain",
            UpdateReplacePolicy="Retain",
        )
    )
    bucket_policy(stack, "Artifacts")
    return bucket


def _repository(stack: Stack, key: kms.Key) -> ecr.Repository:
    return stack.add(
        ecr.Repository(
            "Repository",
            RepositoryName=stack.names.repository,
            ImageTagMutability="IMMUTABLE",
            ImageScanningConfiguration=ecr.ImageScanningConfiguration(ScanOnPush=True),
            EncryptionConfiguration=ecr.EncryptionConfiguration(
                EncryptionType="KMS", KmsKey=GetAtt(key, "Arn")
            ),
            LifecyclePolicy=ecr.LifecyclePolicy(LifecyclePolicyText=json.dumps(_KEPT)),
            DeletionPolicy="Retain",
            UpdateReplacePolicy="Retain",
        )
    )


_KEPT = {
    "rules": [
        {
            "rulePriority": 1,
            "description": f"the last {IMAGES} images",
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": IMAGES},
            "action": {"type": "expire"},
        }
    ]
}
