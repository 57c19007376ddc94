"""Functions of ours on Lambda. Pure."""

from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec import Struct
from troposphere import GetAtt, Ref, Split, awslambda

from evenly.aws.stacks.common import Stack, substituted
from evenly.aws.stacks.logs import log_title

RUNTIME = "python3.13"  # https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
ARCHITECTURE = "arm64"  # nothing of ours is compiled, and it costs less
MEMORY_MIB = 256


class Function(Struct, frozen=True):
    """`purpose`: of its role and its name. `asset`: the folder of its code. `handler`: `module.function`.
    `log`: the purpose of its log group. `timeout`: seconds. `in_network`: whether it runs in the private subnets."""

    title: str
    description: str
    purpose: str
    asset: str
    handler: str
    log: str
    timeout: int
    environment: Mapping[str, Any]
    in_network: bool = False


class Logging(awslambda.LoggingConfig):  # type: ignore[misc]  # troposphere has no types
    """As Lambda has it; troposphere 4.11 knows another one of that name.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-loggingconfig.html
    """

    props: ClassVar = {**awslambda.LoggingConfig.props, "LogFormat": (str, False)}


def add_function(stack: Stack, wanted: Function) -> awslambda.Function:
    """The function, with its code from the bucket of artifacts."""
    code = stack.parameter(
        f"{wanted.asset.capitalize()}Code", f"The key of the code of {wanted.asset} in the bucket"
    )
    bucket = stack.parameter("ArtifactBucket", "The bucket of templates, playbooks and functions")
    function = awslambda.Function(
        wanted.title,
        FunctionName=stack.names.function(wanted.purpose),
        Description=wanted.description,
        Architectures=[ARCHITECTURE],
        Runtime=RUNTIME,
        Handler=wanted.handler,
        Code=awslambda.Code(S3Bucket=bucket, S3Key=code),
        Role=substituted(stack.names.role_arn(wanted.purpose)),
        MemorySize=MEMORY_MIB,
        Timeout=wanted.timeout,
        KmsKeyArn=stack.key(),
        LoggingConfig=Logging(LogFormat="JSON", LogGroup=Ref(log_title(wanted.log))),
    )
    if wanted.environment:
        function.Environment = awslambda.Environment(Variables=dict(wanted.environment))
    if stack.topology.observability.tracing:
        function.TracingConfig = awslambda.TracingConfig(Mode="Active")
    if wanted.in_network:
        function.VpcConfig = _in_network(stack)
    return stack.add(function)


def may_invoke(stack: Stack, function: awslambda.Function, service: str) -> awslambda.Permission:
    """Lets a service of AWS call the function, for this account alone."""
    return stack.add(
        awslambda.Permission(
            f"{function.title}Permission",
            Action="lambda:InvokeFunction",
            FunctionName=GetAtt(function, "Arn"),
            Principal=service,
            SourceAccount=Ref("AWS::AccountId"),
        )
    )


def _in_network(stack: Stack) -> awslambda.VPCConfig:
    subnets = stack.parameter("PrivateSubnets", "The private subnets, comma-joined")
    group = stack.parameter("FunctionsGroup", "The security group of the functions in the network")
    return awslambda.VPCConfig(SubnetIds=Split(",", subnets), SecurityGroupIds=[group])
