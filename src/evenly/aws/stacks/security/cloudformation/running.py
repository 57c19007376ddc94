"""What CloudFormation's service role may for whatever runs: clusters, functions, state machines and schedules, the
build (see the package). Pure."""

from evenly.aws.naming import FUNCTION_MOST, SCHEDULE_MOST, Names, arn
from evenly.aws.stacks.common import Statement
from evenly.aws.topology import AwsTopology


def running(topology: AwsTopology) -> tuple[Statement, ...]:
    names = topology.names
    machines = _machines(names) if topology.own_database or topology.jobs else ()
    return (*_clusters(names), *_functions(names), *machines, *_build(names))


def _clusters(names: Names) -> tuple[Statement, ...]:
    """Clusters and what runs in them. A task definition is named by no policy once it is there."""
    places = (
        names.cluster_arn,
        names.door_cluster_arn,
        arn("ecs", f"capacity-provider/hosts-{names.prefix}"),
    )
    services = names.in_cluster_arn("service")
    families = (arn("ecs", f"task-definition/{names.every()}:*"),)
    return (
        Statement("KeepClusters", CLUSTER, places),
        Statement("KeepServices", SERVICE, (services, arn("ecs", f"service-deployment/{names.cluster}/*"))),
        Statement("KeepFamilies", ("ecs:RegisterTaskDefinition",), families),
        Statement("EndFamilies", ("ecs:DeregisterTaskDefinition", "ecs:DescribeTaskDefinition"), ("*",)),
        Statement(
            "TagTasks",
            ("ecs:ListTagsForResource", "ecs:TagResource", "ecs:UntagResource"),
            (*places, services, *families),
        ),
    )


CLUSTER = (
    "ecs:CreateCapacityProvider",
    "ecs:CreateCluster",
    "ecs:DeleteCapacityProvider",
    "ecs:DeleteCluster",
    "ecs:DescribeCapacityProviders",
    "ecs:DescribeClusters",
    "ecs:PutClusterCapacityProviders",
    "ecs:UpdateCapacityProvider",
    "ecs:UpdateCluster",
    "ecs:UpdateClusterSettings",
)
SERVICE = (
    "ecs:CreateService",
    "ecs:DeleteService",
    "ecs:DescribeServiceDeployments",
    "ecs:DescribeServices",
    "ecs:ListServiceDeployments",
    "ecs:StopServiceDeployment",
    "ecs:UpdateService",
)


def _functions(names: Names) -> tuple[Statement, ...]:
    """Functions with their code; CloudFormation calls those that are custom resources, or rotate a secret."""
    return (
        Statement("KeepFunctions", FUNCTION, (arn("lambda", f"function:{names.every(FUNCTION_MOST)}"),)),
        Statement(
            "ReadCode",
            ("s3:GetObject", "s3:GetObjectVersion"),
            (f"{names.bucket_arn('artifacts')}/assets/*",),
        ),
    )


FUNCTION = (
    "lambda:AddPermission",
    "lambda:CreateFunction",
    "lambda:DeleteFunction",
    "lambda:DeleteFunctionConcurrency",
    "lambda:GetFunction",
    "lambda:GetFunctionCodeSigningConfig",
    "lambda:GetFunctionConfiguration",
    "lambda:GetFunctionRecursionConfig",
    "lambda:GetFunctionScalingConfig",
    "lambda:GetPolicy",
    "lambda:GetRuntimeManagementConfig",
    "lambda:InvokeFunction",
    "lambda:PutFunctionConcurrency",
    "lambda:PutFunctionRecursionConfig",
    "lambda:PutRuntimeManagementConfig",
    "lambda:RemovePermission",
    "lambda:TagResource",
    "lambda:UntagResource",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
)


def _machines(names: Names) -> tuple[Statement, ...]:
    """State machines and the schedules that start them."""
    return (
        Statement(
            "KeepMachines",
            (
                "states:CreateStateMachine",
                "states:DeleteStateMachine",
                "states:DescribeStateMachine",
                "states:ListTagsForResource",
                "states:TagResource",
                "states:UntagResource",
                "states:UpdateStateMachine",
            ),
            (arn("states", f"stateMachine:{names.every(SCHEDULE_MOST)}"),),
        ),
        Statement(
            "KeepSchedules",
            (
                "scheduler:CreateSchedule",
                "scheduler:CreateScheduleGroup",
                "scheduler:DeleteSchedule",
                "scheduler:DeleteScheduleGroup",
                "scheduler:GetSchedule",
                "scheduler:GetScheduleGroup",
                "scheduler:ListTagsForResource",
                "scheduler:TagResource",
                "scheduler:UntagResource",
                "scheduler:UpdateSchedule",
            ),
            (
                arn("scheduler", f"schedule/*/{names.every(SCHEDULE_MOST)}"),
                arn("scheduler", f"schedule-group/{names.every(SCHEDULE_MOST)}"),
            ),
        ),
    )


def _build(names: Names) -> tuple[Statement, ...]:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodebuild.html"""
    return (
        Statement(
            "KeepBuild",
            (
                "codebuild:BatchGetProjects",
                "codebuild:CreateProject",
                "codebuild:DeleteProject",
                "codebuild:UpdateProject",
            ),
            (names.build_project_arn,),
        ),
    )
