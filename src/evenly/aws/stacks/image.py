"""The project that builds the app's image for those who have no Docker. Pure.

`evenly deploy` puts the source into the artifact bucket and starts a build with its key and a tag; the build pushes,
and says by which digest: what runs is that digest, never a tag.
"""

import re

from troposphere import Ref, Sub, Template, codebuild, logs

from evenly.aws.stacks.common import Stack, substituted
from evenly.aws.topology import AwsTopology

CONCERN = "image"
SOURCE = "source/app.zip"  # of the bucket; a build names its own, `source/HASH.zip`
# https://docs.aws.amazon.com/codebuild/latest/userguide/available-images.html
BUILDERS = {
    "X86_64": ("LINUX_CONTAINER", "aws/codebuild/amazonlinux-x86_64-standard:5.0"),
    "ARM64": ("ARM_CONTAINER", "aws/codebuild/amazonlinux-aarch64-standard:3.0"),
}
SIZE = "BUILD_GENERAL1_SMALL"
LONGEST_MINUTES = 30
LONGEST_QUEUED_MINUTES = 30
# Variables: what a build is told, and what it says.
TAG, CHECKED, DIGEST = "IMAGE_TAG", "IMAGE_CHECK", "IMAGE_DIGEST"
NO_EVENLY = "image-without-evenly"  # what it says where the check, a Python statement, fails in the image
_GRAVITON = re.compile(
    r"(?:a1|[a-z]+[0-9]+g[a-z]*)\."
)  # https://docs.aws.amazon.com/ec2/latest/instancetypes
COMMANDS = """\
version: 0.2
env:
  shell: bash
  exported-variables: [IMAGE_DIGEST]
phases:
  pre_build:
    commands:
      - aws ecr get-login-password | docker login --username AWS --password-stdin "${REPOSITORY_URI%%/*}"
  build:
    commands:
      - docker build --pull --tag "$REPOSITORY_URI:$IMAGE_TAG" .
  post_build:
    commands:
      - test "$CODEBUILD_BUILD_SUCCEEDING" = 1
      - |
        if [ -n "$IMAGE_CHECK" ]; then
          docker run --rm --network none --entrypoint python "$REPOSITORY_URI:$IMAGE_TAG" -c "$IMAGE_CHECK" ||
            { echo image-without-evenly; exit 1; }
        fi
      - docker push "$REPOSITORY_URI:$IMAGE_TAG"
      - IMAGE_DIGEST="$(docker inspect --format '{{index .RepoDigests 0}}' "$REPOSITORY_URI:$IMAGE_TAG")"
      - export IMAGE_DIGEST="${IMAGE_DIGEST##*@}"
      - test -n "$IMAGE_DIGEST"
"""


def template(topology: AwsTopology) -> Template:
    stack = Stack(topology, CONCERN, "the project that builds the image where there is no Docker")
    project = _project(stack, _logs(stack))
    stack.output("BuildProject", Ref(project), "The project that builds the image")
    return stack.finished()


def architecture(topology: AwsTopology) -> str:
    """Of the processors that the image is built for: the hosts', or those that Fargate has by default."""
    return "ARM64" if topology.on_hosts and _GRAVITON.match(topology.compute.instance) else "X86_64"


def _key(stack: Stack) -> Ref:
    return stack.parameter("KeyArn", "The key that the environment's data is encrypted with")


def _logs(stack: Stack) -> logs.LogGroup:
    return stack.add(
        logs.LogGroup(
            "BuildLog",
            LogGroupName=stack.names.log_group("build"),
            KmsKeyId=_key(stack),
            RetentionInDays=stack.topology.observability.retention,
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
        )
    )


def _project(stack: Stack, group: logs.LogGroup) -> codebuild.Project:
    bucket = stack.parameter("ArtifactBucket", "The bucket of templates, playbooks and functions")
    return stack.add(
        codebuild.Project(
            "Build",
            Name=stack.names.build_project,
            Description="Builds the image from the source in the artifact bucket, and pushes it",
            Artifacts=codebuild.Artifacts(Type="NO_ARTIFACTS"),
            EncryptionKey=_key(stack),
            Environment=_builder(stack),
            LogsConfig=codebuild.LogsConfig(
                CloudWatchLogs=codebuild.CloudWatchLogs(Status="ENABLED", GroupName=Ref(group)),
                S3Logs=codebuild.S3Logs(Status="DISABLED"),
            ),
            QueuedTimeoutInMinutes=LONGEST_QUEUED_MINUTES,
            ServiceRole=substituted(stack.names.role_arn("build")),
            Source=codebuild.Source(
                Type="S3", Location=Sub(f"${{bucket}}/{SOURCE}", bucket=bucket), BuildSpec=COMMANDS
            ),
            TimeoutInMinutes=LONGEST_MINUTES,
            Visibility="PRIVATE",
        )
    )


def _builder(stack: Stack) -> codebuild.Environment:
    """Docker runs in the build's own container, which has to be privileged for it (a listed exception)."""
    kind, image = BUILDERS[architecture(stack.topology)]
    uri = stack.parameter("RepositoryUri", "Where images are pushed to")
    return codebuild.Environment(
        Type=kind,
        Image=image,
        ComputeType=SIZE,
        PrivilegedMode=True,
        EnvironmentVariables=[codebuild.EnvironmentVariable(Name="REPOSITORY_URI", Value=uri)],
    )
