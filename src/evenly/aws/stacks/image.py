"""The project that builds the app's image for those who have no Docker. Pure.

`evenly deploy` puts the source into the artifact bucket and starts a build with its key and a tag; the build pushes,
and says by which digest: what runs is that digest, never a tag.
"""

from troposphere import Ref, Sub, Template, codebuild, logs

from evenly.aws.instances import processors_of
from evenly.aws.stacks.common import Stack, substituted
from evenly.aws.stacks.logs import add_log_group
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
    project = _project(stack, add_log_group(stack, "build"))
    stack.output("BuildProject", Ref(project), "The project that builds the image")
    return stack.finished()


def _project(stack: Stack, group: logs.LogGroup) -> codebuild.Project:
    bucket = stack.parameter("ArtifactBucket", "The bucket of templates, playbooks and functions")
    return stack.add(
        codebuild.Project(
            "Build",
            Name=stack.names.build_project,
            Description="Builds the image from the source in the artifact bucket, and pushes it",
            Artifacts=codebuild.Artifacts(Type="NO_ARTIFACTS"),
            EncryptionKey=stack.key(),
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
    kind, image = BUILDERS[processors_of(stack.topology)]
    uri = stack.parameter("RepositoryUri", "Where images are pushed to")
    return codebuild.Environment(
        Type=kind,
        Image=image,
        ComputeType=SIZE,
        PrivilegedMode=True,
        EnvironmentVariables=[codebuild.EnvironmentVariable(Name="REPOSITORY_URI", Value=uri)],
    )
