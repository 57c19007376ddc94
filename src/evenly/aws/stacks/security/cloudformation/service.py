"""What CloudFormation's service role may for the service and what is observed (see the package). Pure."""

from evenly.aws.naming import Names, arn
from evenly.aws.stacks.common import Statement, substituted
from evenly.aws.stacks.security.cloudformation.parts import (
    buckets,
    certificates,
    firewall,
    tags,
    topics,
)
from evenly.aws.stacks.security.statements import ours
from evenly.aws.topology import AwsTopology, Reach

BALANCING = "elasticloadbalancing"


def service(topology: AwsTopology) -> tuple[Statement, ...]:
    names = topology.names
    in_front = topology.reach in (Reach.BALANCER, Reach.INTERNAL)
    return (
        *_balancer(names),
        *_scaling(),
        buckets(names, "access-logs"),
        *(certificates(names) if topology.alias else ()),
        *(firewall(names, "regional") if in_front and topology.edge.firewall else ()),
        *(_guarded(names) if in_front and topology.edge.firewall else ()),
    )


def _balancer(names: Names) -> tuple[Statement, ...]:
    kinds = ("loadbalancer/app/*", "targetgroup/*", "listener/app/*", "listener-rule/app/*")
    made = tuple(arn(BALANCING, it) for it in kinds)
    add, remove = f"{BALANCING}:AddTags", f"{BALANCING}:RemoveTags"
    return (
        Statement("MakeBalancer", _balancing("CreateLoadBalancer"), made[:1]),
        Statement("MakeTargets", _balancing("CreateTargetGroup"), made[1:2]),
        Statement("KeepBalancer", _balancing(*BALANCER), (arn(BALANCING, "*"),), ours(names)),
        *tags("Balancer", f"{BALANCING}:CreateAction", add, remove, names, made),
        Statement("SeeBalancer", _balancing(*BALANCER_SEEN), ("*",)),
    )


def _balancing(*actions: str) -> tuple[str, ...]:
    return tuple(f"{BALANCING}:{it}" for it in actions)


BALANCER = (
    "CreateListener",
    "CreateRule",
    "DeleteListener",
    "DeleteLoadBalancer",
    "DeleteRule",
    "DeleteTargetGroup",
    "DeregisterTargets",
    "ModifyListener",
    "ModifyListenerAttributes",
    "ModifyLoadBalancerAttributes",
    "ModifyRule",
    "ModifyTargetGroup",
    "ModifyTargetGroupAttributes",
    "RegisterTargets",
    "SetIpAddressType",
    "SetRulePriorities",
    "SetSecurityGroups",
    "SetSubnets",
)
BALANCER_SEEN = tuple(
    f"Describe{it}"
    for it in (
        "CapacityReservation",
        "ListenerAttributes",
        "Listeners",
        "LoadBalancerAttributes",
        "LoadBalancers",
        "Rules",
        "Tags",
        "TargetGroupAttributes",
        "TargetGroups",
        "TargetHealth",
    )
)


def _guarded(names: Names) -> tuple[Statement, ...]:
    """https://docs.aws.amazon.com/waf/latest/APIReference/API_AssociateWebACL.html"""
    associate = ("wafv2:AssociateWebACL", "wafv2:DisassociateWebACL", "wafv2:GetWebACLForResource")
    balancer = (arn(BALANCING, "loadbalancer/app/*"),)
    return (
        Statement("GuardBy", associate[:1], (arn("wafv2", f"regional/webacl/{names.every()}/*"),)),
        Statement(
            "GuardBalancer",
            (
                *associate,
                *_balancing("CreateWebACLAssociation", "DeleteWebACLAssociation", "GetLoadBalancerWebACL"),
            ),
            balancer,
            ours(names),
        ),
        Statement("Guard", _balancing("SetWebACL"), ("*",)),
    )


def _scaling() -> tuple[Statement, ...]:
    """AWS chooses the ids; what is asked for is kept to ECS.

    https://docs.aws.amazon.com/autoscaling/application/userguide/security_iam_id-based-policy-examples.html
    """
    verbs = ("DeleteScalingPolicy", "DeregisterScalableTarget", "PutScalingPolicy", "RegisterScalableTarget")
    seen = ("DescribeScalableTargets", "DescribeScalingPolicies", "DescribeScheduledActions")
    own = "application-autoscaling"
    return (
        Statement(
            "KeepScaling",
            tuple(f"{own}:{it}" for it in (*verbs, "ListTagsForResource", "TagResource", "UntagResource")),
            (arn(own, "scalable-target/*"),),
            {"StringEquals": {f"{own}:service-namespace": "ecs"}},
        ),
        Statement("SeeScaling", tuple(f"{own}:{it}" for it in seen), ("*",)),
    )


def hosts(topology: AwsTopology) -> tuple[Statement, ...]:
    """An instance is started by a launch template of the environment's, or not at all.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
    """
    names = topology.names
    groups = (arn("autoscaling", f"autoScalingGroup:*:autoScalingGroupName/{names.every()}"),)
    templates = arn("ec2", "launch-template/*")
    started = tuple(
        arn("ec2", f"{it}/*")
        for it in ("instance", "network-interface", "security-group", "subnet", "volume")
    )
    by_template = {"ArnLike": {"ec2:LaunchTemplate": substituted(templates)}}
    return (
        Statement("KeepHosts", tuple(f"autoscaling:{it}" for it in HOSTS), groups),
        Statement("SeeHosts", tuple(f"autoscaling:Describe{it}" for it in HOSTS_SEEN), ("*",)),
        Statement("MakeTemplate", ("ec2:CreateLaunchTemplate",), (templates,)),
        Statement("KeepTemplate", TEMPLATE, (templates,), ours(names)),
        *tags("Hosts", "ec2:CreateAction", "ec2:CreateTags", "ec2:DeleteTags", names, (templates, *started)),
        Statement(
            "StartByTemplate",
            ("ec2:RunInstances",),
            (*started, "arn:${AWS::Partition}:ec2:${AWS::Region}::image/*"),
            by_template,
        ),
        Statement("SeeTemplates", SEEN_BY_HOSTS, ("*",)),
    )


HOSTS = (
    "AttachLoadBalancerTargetGroups",
    "AttachTrafficSources",
    "CancelInstanceRefresh",
    "CreateAutoScalingGroup",
    "CreateOrUpdateTags",
    "DeleteAutoScalingGroup",
    "DeleteLifecycleHook",
    "DeleteTags",
    "DisableMetricsCollection",
    "EnableMetricsCollection",
    "PutLifecycleHook",
    "ResumeProcesses",
    "SetInstanceProtection",
    "StartInstanceRefresh",
    "SuspendProcesses",
    "TerminateInstanceInAutoScalingGroup",
    "UpdateAutoScalingGroup",
)
HOSTS_SEEN = (
    "AutoScalingGroups",
    "AutoScalingInstances",
    "InstanceRefreshes",
    "LifecycleHooks",
    "LoadBalancerTargetGroups",
    "NotificationConfigurations",
    "ScalingActivities",
    "Tags",
    "TrafficSources",
    "WarmPool",
)
TEMPLATE = (
    "ec2:CreateLaunchTemplateVersion",
    "ec2:DeleteLaunchTemplate",
    "ec2:ModifyLaunchTemplate",
    "ec2:RunInstances",
)
SEEN_BY_HOSTS = (
    "ec2:DescribeImages",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeInstances",
    "ec2:DescribeLaunchTemplateVersions",
    "ec2:DescribeLaunchTemplates",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
)


def observability(topology: AwsTopology) -> tuple[Statement, ...]:
    names = topology.names
    return (
        Statement(
            "KeepDashboard",
            (
                "cloudwatch:DeleteDashboards",
                "cloudwatch:GetDashboard",
                "cloudwatch:ListTagsForResource",
                "cloudwatch:PutDashboard",
                "cloudwatch:TagResource",
                "cloudwatch:UntagResource",
            ),
            (arn("cloudwatch", f"dashboard/{names.prefix}", ""),),
        ),
        Statement(
            "KeepBudget",
            (
                "budgets:ListTagsForResource",
                "budgets:ModifyBudget",
                "budgets:TagResource",
                "budgets:UntagResource",
                "budgets:ViewBudget",
            ),
            (arn("budgets", f"budget/{names.prefix}", ""),),
        ),
        Statement(
            "KeepEvents",
            (
                "rds:AddTagsToResource",
                "rds:CreateEventSubscription",
                "rds:DeleteEventSubscription",
                "rds:DescribeEventSubscriptions",
                "rds:ListTagsForResource",
                "rds:ModifyEventSubscription",
                "rds:RemoveTagsFromResource",
            ),
            (arn("rds", f"es:{names.every()}"),),
        ),
        topics(names),
    )
