"""What whoever looks may: see the stacks and what runs, read logs. No one reads a secret. Pure."""

from evenly.aws.naming import Names, arn
from evenly.aws.stacks.common import Statement
from evenly.aws.stacks.security.statements import KEY, in_cluster, ours
from evenly.aws.topology import EDGE_REGION, AwsTopology

STACKS_SEEN = (
    "DescribeChangeSet",
    "DescribeEvents",
    "DescribeStackEvents",
    "DescribeStackResource",
    "DescribeStackResourceDrifts",
    "DescribeStackResources",
    "DescribeStacks",
    "DetectStackDrift",
    "DetectStackResourceDrift",
    "GetTemplate",
    "ListChangeSets",
    "ListStackResources",
)
SEEN = (
    "acm:ListCertificates",
    "autoscaling:DescribeAutoScalingGroups",
    "cloudwatch:GetMetricData",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeImages",
    "ec2:DescribeInstanceTypeOfferings",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeInstances",
    "ec2:DescribeManagedPrefixLists",
    "ec2:DescribeSecurityGroupRules",
    "ec2:DescribeSecurityGroups",
    "ecs:DescribeTaskDefinition",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
    "logs:DescribeLogGroups",
    "route53:ListHostedZones",
)


def reads(topology: AwsTopology) -> tuple[Statement, ...]:
    names = topology.names
    return (
        Statement("SeeStacks", formation(*STACKS_SEEN), stacks(names, "*")),
        Statement(
            "SeeAllStacks",
            formation("DescribeStackDriftDetectionStatus", "ListStacks", "ValidateTemplate"),
            ("*",),
        ),
        *_see_service(names),
        *_see_data(names),
        Statement(
            "ReadLogs",
            ("logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents", "logs:StartLiveTail"),
            (names.log_group_arn("*"),),
        ),
        Statement("SeeAccount", SEEN, ("*",)),
    )


def formation(*actions: str) -> tuple[str, ...]:
    return tuple(f"cloudformation:{it}" for it in actions)


def stacks(names: Names, concern: str) -> tuple[str, str]:
    return names.stack_arn(concern), names.stack_arn(concern, EDGE_REGION)


def _see_service(names: Names) -> tuple[Statement, ...]:
    certificates = (arn("acm", "certificate/*"),)
    runs = tuple(names.in_cluster_arn(it) for it in ("container-instance", "service", "task"))
    return (
        Statement(
            "SeeCluster",
            ("ecs:DescribeClusters", "ecs:ListContainerInstances"),
            (names.cluster_arn, names.door_cluster_arn),
        ),
        Statement(
            "SeeTasks",
            (
                "ecs:DescribeContainerInstances",
                "ecs:DescribeServiceDeployments",
                "ecs:DescribeServices",
                "ecs:DescribeTasks",
                "ecs:ListServiceDeployments",
            ),
            (*runs, arn("ecs", f"service-deployment/{names.cluster}/*"), names.door_tasks_arn),
        ),
        Statement("FindTasks", ("ecs:ListTasks",), ("*",), in_cluster(names.cluster_arn)),
        Statement(
            "SeeImages",
            ("ecr:DescribeImages", "ecr:DescribeImageScanFindings", "ecr:DescribeRepositories"),
            (names.repository_arn,),
        ),
        Statement(
            "SeeBuilds",
            ("codebuild:BatchGetBuilds", "codebuild:ListBuildsForProject"),
            (names.build_project_arn,),
        ),
        Statement(
            "SeeAlarms", ("cloudwatch:DescribeAlarms",), (arn("cloudwatch", f"alarm:{names.every()}"),)
        ),
        Statement(
            "SeeCertificate", ("acm:DescribeCertificate", "acm:GetCertificate"), certificates, ours(names)
        ),
        Statement("SeeWhoseCertificate", ("acm:ListTagsForCertificate",), certificates),
    )


def _see_data(names: Names) -> tuple[Statement, ...]:
    public = (
        "arn:${AWS::Partition}:ssm:${AWS::Region}::parameter/aws/service/*"  # AWS's own: the hosts' images
    )
    runs = ("states:DescribeExecution", "states:GetExecutionHistory")
    return (
        Statement("SeeDatabase", ("rds:DescribeDBInstances",), (names.database_arn,)),
        Statement("SeeSecrets", ("secretsmanager:DescribeSecret",), (names.secret_arn("*"),)),
        Statement("SeeRuns", runs, (names.door_runs_arn,)),
        Statement("SeeDoor", ("states:DescribeStateMachine", "states:ListExecutions"), (names.door_arn,)),
        Statement(
            "ReadPublished",
            ("ssm:GetParameter", "ssm:GetParameters"),
            (names.parameters_arn(), names.parameters_arn(EDGE_REGION), public),
        ),
        Statement("SeeKey", ("kms:DescribeKey",), (KEY,)),
    )
