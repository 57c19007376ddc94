"""The exceptions of the security stack: what its policies give that could be narrower if AWS let it, action by action.
Pure.
"""

from evenly.aws.exceptions.excepted import Excepted

NO_RESOURCE = "AWS takes no resource for it."
CEILING = (
    "A ceiling gives nothing. The policies under it have it as narrow as AWS allows, or are listed here."
)
BEING_MADE = (
    "What is being made has no name of ours and no tag yet. What it is put into has to be the environment's."
)
NO_TAGS = "AWS chooses the id, and asks for no tags of it in a policy."
NO_SOURCE = (
    "AWS documents no source account for it. A role can be given to services of its own account alone."
)
BY_LAMBDA = (
    "Lambda asks for it on everything before there is anything; what runs in the function is denied it."
)
BY_HOSTS = "AWS names hosts as its resource, which tasks on Fargate have none of; a condition keeps it to one cluster."

SHELLS = "ssmmessages:CreateControlChannel ssmmessages:CreateDataChannel ssmmessages:OpenControlChannel"
SHELLS += " ssmmessages:OpenDataChannel"
TRACES = "xray:GetSamplingRules xray:GetSamplingStatisticSummaries xray:GetSamplingTargets xray:PutTelemetryRecords"
TRACES += " xray:PutTraceSegments"
DELIVERY = (
    "logs:CreateLogDelivery logs:DeleteLogDelivery logs:DescribeResourcePolicies logs:PutResourcePolicy"
)
LOG = f"{DELIVERY} logs:DescribeLogGroups logs:GetLogDelivery logs:ListLogDeliveries logs:UpdateLogDelivery"
INTERFACES = "ec2:AssignPrivateIpAddresses ec2:CreateNetworkInterface ec2:DeleteNetworkInterface"
INTERFACES += " ec2:UnassignPrivateIpAddresses"
TRAFFIC = "Listeners Rules TargetGroups TargetHealth"


def _security(resource: str, reason: str, *whats: str) -> tuple[Excepted, ...]:
    return tuple(Excepted("security", resource, what, reason) for what in whats)


def _on_all(resource: str, actions: str, reason: str = NO_RESOURCE) -> tuple[Excepted, ...]:
    return _security(resource, reason, *(f"{it} on *" for it in actions.split()))


def _verbs(service: str, verb: str, what: str) -> str:
    return " ".join(f"{service}:{verb}{it}" for it in what.split())


_ROLES = (
    *_security("HostRole", NO_SOURCE, "role_is_taken_for_this_account"),
    *_security("TrafficRole", NO_SOURCE, "role_is_taken_for_this_account"),
    *_security("CloudformationRole", NO_SOURCE, "role_is_taken_for_this_account"),
)

_RUNNING = (
    *_on_all("ExecutionPolicy", "ecr:GetAuthorizationToken"),
    *_on_all("TaskPolicy", f"{SHELLS} {TRACES}"),
    *_on_all("HostPolicy", f"{SHELLS} ecs:DiscoverPollEndpoint"),
    *_security(
        "HostPolicy",
        "A host's id is AWS's; it tells of itself alone.",
        "TellSessionManager on every ec2:instance/*",
    ),
    *_on_all("TrafficPolicy", _verbs("elasticloadbalancing", "Describe", TRAFFIC)),
    *_on_all("JobsPolicy", TRACES),
    *_on_all("BuildPolicy", "ecr:GetAuthorizationToken"),
    *_on_all("FlowLogsPolicy", "logs:DescribeLogGroups"),
    *_on_all("DefaultGroupPolicy", f"ec2:DescribeSecurityGroupRules {TRACES}"),
    *_security(
        "DefaultGroupPolicy",
        "AWS made the group, and no template can tag it. It can take rules away, and make none.",
        "Close on every ec2:security-group/*",
    ),
    *_on_all("MigrationPolicy", "ecr:GetAuthorizationToken"),
    *_on_all("DoorOpenPolicy", f"ec2:DescribeSecurityGroupRules {TRACES}"),
    *_security("DoorOpenPolicy", BEING_MADE, "MakeTheRule on every ec2:security-group-rule/*"),
    *_on_all("DoorClosePolicy", f"ec2:DescribeSecurityGroupRules {TRACES}"),
    *_on_all("DoorClosePolicy", "ecs:ListTasks", BY_HOSTS),
    *_on_all("DoorPolicy", f"{LOG} {TRACES}"),
    *_on_all("RotationPolicy", INTERFACES, BY_LAMBDA),
    *_on_all(
        "RotationPolicy",
        f"ec2:DescribeNetworkInterfaces ec2:DescribeSubnets secretsmanager:GetRandomPassword {TRACES}",
    ),
    *_security(
        "DatabaseMonitoringPolicy",
        "RDS has one log group for all databases of an account, and names the stream by an id of its own.",
        "WriteMetrics on every logs:log-group:RDSOSMetrics:log-stream:*",
    ),
)

_SEEN_IN_NETWORK = """AccountAttributes Addresses AvailabilityZones FlowLogs InternetGateways NatGateways NetworkAcls
    NetworkInterfaces PrefixLists RouteTables SecurityGroupRules SecurityGroups Subnets Tags VpcEncryptionControls
    VpcEndpoints Vpcs"""
_SEEN_OF_BALANCER = """CapacityReservation ListenerAttributes Listeners LoadBalancerAttributes LoadBalancers Rules Tags
    TargetGroupAttributes TargetGroups TargetHealth"""
_SEEN_OF_HOSTS = """AutoScalingGroups AutoScalingInstances InstanceRefreshes LifecycleHooks LoadBalancerTargetGroups
    NotificationConfigurations ScalingActivities Tags TrafficSources WarmPool"""
_SEEN_BY_HOSTS = (
    "Images InstanceTypes Instances LaunchTemplateVersions LaunchTemplates SecurityGroups Subnets Vpcs"
)
_MADE = {
    "AllocateAddress": "elastic-ip",
    "CreateFlowLogs": "vpc-flow-log",
    "CreateInternetGateway": "internet-gateway",
    "CreateNatGateway": "natgateway",
    "CreateRouteTable": "route-table",
    "CreateSecurityGroup": "security-group",
    "CreateSubnet": "subnet",
    "CreateVpc": "vpc",
    "CreateVpcEndpoint": "vpc-endpoint",
    "MakeRules": "security-group-rule",
}
_AWS_RULES = "The rules in a firewall are AWS's own, and belong to no account."
_SCALING = "application-autoscaling:DescribeScalableTargets application-autoscaling:DescribeScalingPolicies"

_CLOUDFORMATION = (
    *_on_all("CloudformationSharedPolicy", "logs:DescribeIndexPolicies logs:DescribeLogGroups"),
    *_on_all("CloudformationRunningPolicy", "ecs:DeregisterTaskDefinition ecs:DescribeTaskDefinition"),
    *_on_all("CloudformationNetworkPolicy", _verbs("ec2", "Describe", _SEEN_IN_NETWORK)),
    *_security(
        "CloudformationNetworkPolicy",
        BEING_MADE,
        *(f"{sid} on every ec2:{it}/*" for sid, it in _MADE.items()),
    ),
    *_security(
        "CloudformationNetworkPolicy",
        f"{NO_TAGS} What is changed is kept to the environment's own names by a condition.",
        "JoinZones on every route53:hostedzone/*",
        "SeeRecords on every route53:hostedzone/*",
        "SeeChanges on every route53:change/*",
    ),
    *_on_all(
        "CloudformationDataPolicy",
        "rds:DescribeDBEngineVersions rds:DescribeEngineDefaultParameters rds:DescribeEvents "
        "route53:CreateHostedZone secretsmanager:GetRandomPassword",
    ),
    *_security("CloudformationDataPolicy", NO_TAGS, "KeepZone on every route53:hostedzone/*"),
    *_security(
        "CloudformationDataPolicy",
        "The options of a database are AWS's own, one group for each version.",
        "TakeOptions on every rds:og:default:*",
    ),
    *_on_all(
        "CloudformationServicePolicy",
        f"acm:RequestCertificate application-autoscaling:DescribeScheduledActions {_SCALING} {DELIVERY} "
        f"elasticloadbalancing:SetWebACL {_verbs('elasticloadbalancing', 'Describe', _SEEN_OF_BALANCER)}",
    ),
    *_security(
        "CloudformationServicePolicy",
        BEING_MADE,
        "MakeBalancer on every elasticloadbalancing:loadbalancer/app/*",
        "MakeTargets on every elasticloadbalancing:targetgroup/*",
    ),
    *_security(
        "CloudformationServicePolicy", _AWS_RULES, "TakeRules on every wafv2:regional/managedruleset/*"
    ),
    *_on_all(
        "CloudformationHostsPolicy",
        f"{_verbs('autoscaling', 'Describe', _SEEN_OF_HOSTS)} {_verbs('ec2', 'Describe', _SEEN_BY_HOSTS)}",
    ),
    *_security("CloudformationHostsPolicy", BEING_MADE, "MakeTemplate on every ec2:launch-template/*"),
    *_on_all(
        "CloudformationEdgePolicy",
        f"acm:RequestCertificate cloudfront:CreateDistribution cloudfront:CreateOriginAccessControl "
        f"cloudfront:CreateOriginRequestPolicy cloudfront:CreateResponseHeadersPolicy cloudfront:CreateVpcOrigin "
        f"ec2:DescribeInternetGateways ec2:DescribeSecurityGroups ec2:DescribeSubnets {DELIVERY} "
        f"elasticloadbalancing:DescribeLoadBalancers route53:CreateHealthCheck",
    ),
    *_security(
        "CloudformationEdgePolicy",
        NO_TAGS,
        "KeepCheck on every route53:healthcheck/*",
        "KeepItsParts on every cloudfront:origin-access-control/*",
        "KeepItsParts on every cloudfront:origin-request-policy/*",
        "KeepItsParts on every cloudfront:response-headers-policy/*",
    ),
    *_security("CloudformationEdgePolicy", _AWS_RULES, "TakeRules on every wafv2:global/managedruleset/*"),
    *_on_all("CloudformationEdgeLogsPolicy", "kms:CreateKey kms:ListAliases logs:DescribeDeliveries"),
    *_security(
        "CloudformationEdgeLogsPolicy",
        "AWS chooses a delivery's id. Its two ends have names of ours.",
        "KeepDelivery on every logs:delivery:*",
    ),
)

_PEOPLE = (
    *_on_all(
        "Reader",
        "acm:ListCertificates autoscaling:DescribeAutoScalingGroups "
        "cloudformation:DescribeStackDriftDetectionStatus cloudformation:ListStacks cloudformation:ValidateTemplate "
        "ec2:DescribeAvailabilityZones ec2:DescribeImages ec2:DescribeInstanceTypeOfferings "
        "ec2:DescribeInstanceTypes ec2:DescribeInstances ec2:DescribeManagedPrefixLists "
        "ec2:DescribeSecurityGroupRules ec2:DescribeSecurityGroups ecs:DescribeTaskDefinition "
        "elasticloadbalancing:DescribeLoadBalancers elasticloadbalancing:DescribeTargetGroups "
        "elasticloadbalancing:DescribeTargetHealth logs:DescribeLogGroups route53:ListHostedZones",
    ),
    *_on_all(
        "Reader", "cloudwatch:GetMetricData", "AWS takes a dataset for it, and these metrics are in none."
    ),
    *_on_all("Reader", "ecs:ListTasks", BY_HOSTS),
    *_security(
        "Reader",
        "They are AWS's own and public: which image hosts start from.",
        "ReadPublished on every ssm:parameter/aws/service/*",
    ),
    *_security(
        "Reader",
        "Whose a certificate is, is in its tags: those of all are looked at to find the environment's.",
        "SeeWhoseCertificate on every acm:certificate/*",
    ),
    *_on_all("Deployer", "ecr:GetAuthorizationToken"),
    *_on_all(
        "Preflight",
        "cloudfront:ListDistributions cloudfront:ListOriginRequestPolicies cloudfront:ListResponseHeadersPolicies "
        "cloudfront:ListVpcOrigins ec2:DescribeAddresses ec2:DescribeInternetGateways ec2:DescribeNatGateways "
        "ec2:DescribeSubnets ec2:DescribeVpcEndpoints ec2:DescribeVpcs iam:GetAccountSummary "
        "rds:DescribeAccountAttributes route53:GetAccountLimit servicequotas:ListAWSDefaultServiceQuotas "
        "servicequotas:ListServiceQuotas",
    ),
    *_security(
        "Preflight",
        "No variable of a policy is the role that asks. What is read is who may do what, and no secret.",
        "AskOwnRights on every iam:role/*",
        "FindOwnRole on every iam:role/*",
    ),
)

_SERVICES = """acm application-autoscaling autoscaling budgets cloudfront cloudwatch codebuild ec2 ecs
    elasticloadbalancing kms lambda logs rds route53 s3 scheduler secretsmanager sns ssm states wafv2"""
_CEILINGS = (
    *_security("Boundary", CEILING, *sorted({it.what for it in _RUNNING if it.what.endswith(" on *")})),
    *_security(
        "Boundary",
        CEILING,
        "Ec2 on every ec2:security-group*",
        "Elasticloadbalancing on every elasticloadbalancing:*",
        "Logs on every logs:log-group:RDSOSMetrics*",
        "Ssm on every ec2:instance/*",
    ),
    *_on_all(
        "CloudformationBoundary",
        " ".join(f"{it}:*" for it in _SERVICES.split()),
        "A ceiling gives nothing, and one of exact actions does not fit into 6,144 characters. The policies under it "
        "name each action.",
    ),
    *_security(
        "CloudformationBoundary", CEILING, "LetServicesHaveTheirRoles on every iam:role/aws-service-role/*"
    ),
)

SECURITY: tuple[Excepted, ...] = (*_ROLES, *_RUNNING, *_CLOUDFORMATION, *_PEOPLE, *_CEILINGS)
