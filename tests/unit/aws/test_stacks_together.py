"""What stacks count on of each other, over every stack in the catalogue and every environment."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.unit.aws.iam import FILLED, Who, filled, like
from tests.unit.aws.securityworld import all_made, environments, made, policy
from troposphere import Parameter, Template

from evenly.aws.stacks.catalogue import templates, waves
from evenly.aws.stacks.common import TAG_ENVIRONMENT, TAG_SERVICE, TAGS_ELSEWHERE
from evenly.aws.stacks.security import title

ROLE = re.compile(r"arn:[^:]*:iam::[^:]*:role/(?!aws-service-role)([^*]+)")
# What CloudFormation calls to make and to delete a type; nothing for what it does by itself. Whatever else a handler
# calls is in its schema: `aws cloudformation describe-type --type RESOURCE --type-name ...`.
CALLS: dict[str, tuple[str, ...]] = {
    "AWS::ApplicationAutoScaling::ScalableTarget": (
        "application-autoscaling:RegisterScalableTarget",
        "application-autoscaling:DeregisterScalableTarget",
    ),
    "AWS::ApplicationAutoScaling::ScalingPolicy": (
        "application-autoscaling:PutScalingPolicy",
        "application-autoscaling:DeleteScalingPolicy",
    ),
    "AWS::AutoScaling::AutoScalingGroup": (
        "autoscaling:CreateAutoScalingGroup",
        "autoscaling:DeleteAutoScalingGroup",
        "ec2:RunInstances",
    ),
    "AWS::Budgets::Budget": ("budgets:ModifyBudget", "budgets:ViewBudget"),
    "AWS::CertificateManager::Certificate": ("acm:RequestCertificate", "acm:DeleteCertificate"),
    "AWS::CloudFormation::WaitCondition": (),
    "AWS::CloudFormation::WaitConditionHandle": (),
    "AWS::CloudFront::Distribution": ("cloudfront:CreateDistribution", "cloudfront:DeleteDistribution"),
    "AWS::CloudFront::OriginAccessControl": (
        "cloudfront:CreateOriginAccessControl",
        "cloudfront:DeleteOriginAccessControl",
    ),
    "AWS::CloudFront::OriginRequestPolicy": (
        "cloudfront:CreateOriginRequestPolicy",
        "cloudfront:DeleteOriginRequestPolicy",
    ),
    "AWS::CloudFront::ResponseHeadersPolicy": (
        "cloudfront:CreateResponseHeadersPolicy",
        "cloudfront:DeleteResponseHeadersPolicy",
    ),
    "AWS::CloudFront::VpcOrigin": ("cloudfront:CreateVpcOrigin", "cloudfront:DeleteVpcOrigin"),
    "AWS::CloudWatch::Alarm": ("cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"),
    "AWS::CloudWatch::CompositeAlarm": ("cloudwatch:PutCompositeAlarm", "cloudwatch:DeleteAlarms"),
    "AWS::CloudWatch::Dashboard": ("cloudwatch:PutDashboard", "cloudwatch:DeleteDashboards"),
    "AWS::CodeBuild::Project": ("codebuild:CreateProject", "codebuild:DeleteProject"),
    "AWS::EC2::EIP": ("ec2:AllocateAddress", "ec2:ReleaseAddress"),
    "AWS::EC2::FlowLog": ("ec2:CreateFlowLogs", "ec2:DeleteFlowLogs", "iam:PassRole"),
    "AWS::EC2::InternetGateway": ("ec2:CreateInternetGateway", "ec2:DeleteInternetGateway"),
    "AWS::EC2::LaunchTemplate": ("ec2:CreateLaunchTemplate", "ec2:DeleteLaunchTemplate"),
    "AWS::EC2::NatGateway": ("ec2:CreateNatGateway", "ec2:DeleteNatGateway"),
    "AWS::EC2::Route": ("ec2:CreateRoute", "ec2:DeleteRoute"),
    "AWS::EC2::RouteTable": ("ec2:CreateRouteTable", "ec2:DeleteRouteTable"),
    "AWS::EC2::SecurityGroup": ("ec2:CreateSecurityGroup", "ec2:DeleteSecurityGroup"),
    "AWS::EC2::SecurityGroupEgress": ("ec2:AuthorizeSecurityGroupEgress", "ec2:RevokeSecurityGroupEgress"),
    "AWS::EC2::SecurityGroupIngress": ("ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"),
    "AWS::EC2::Subnet": ("ec2:CreateSubnet", "ec2:DeleteSubnet"),
    "AWS::EC2::SubnetRouteTableAssociation": ("ec2:AssociateRouteTable", "ec2:DisassociateRouteTable"),
    "AWS::EC2::VPC": ("ec2:CreateVpc", "ec2:DeleteVpc"),
    "AWS::EC2::VPCEndpoint": ("ec2:CreateVpcEndpoint", "ec2:DeleteVpcEndpoints"),
    "AWS::EC2::VPCGatewayAttachment": ("ec2:AttachInternetGateway", "ec2:DetachInternetGateway"),
    "AWS::ECS::CapacityProvider": ("ecs:CreateCapacityProvider", "ecs:DeleteCapacityProvider"),
    "AWS::ECS::Cluster": ("ecs:CreateCluster", "ecs:DeleteCluster"),
    "AWS::ECS::ClusterCapacityProviderAssociations": ("ecs:PutClusterCapacityProviders",),
    "AWS::ECS::Service": ("ecs:CreateService", "ecs:DeleteService"),
    "AWS::ECS::TaskDefinition": (
        "ecs:RegisterTaskDefinition",
        "ecs:DeregisterTaskDefinition",
        "iam:PassRole",
    ),
    "AWS::ElasticLoadBalancingV2::Listener": (
        "elasticloadbalancing:CreateListener",
        "elasticloadbalancing:DeleteListener",
    ),
    "AWS::ElasticLoadBalancingV2::ListenerRule": (
        "elasticloadbalancing:CreateRule",
        "elasticloadbalancing:DeleteRule",
    ),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": (
        "elasticloadbalancing:CreateLoadBalancer",
        "elasticloadbalancing:DeleteLoadBalancer",
    ),
    "AWS::ElasticLoadBalancingV2::TargetGroup": (
        "elasticloadbalancing:CreateTargetGroup",
        "elasticloadbalancing:DeleteTargetGroup",
    ),
    "AWS::KMS::Alias": ("kms:CreateAlias", "kms:DeleteAlias"),
    "AWS::KMS::Key": ("kms:CreateKey", "kms:ScheduleKeyDeletion"),
    "AWS::Lambda::Function": ("lambda:CreateFunction", "lambda:DeleteFunction", "iam:PassRole"),
    "AWS::Lambda::Permission": ("lambda:AddPermission", "lambda:RemovePermission"),
    "AWS::Logs::Delivery": ("logs:CreateDelivery", "logs:DeleteDelivery"),
    "AWS::Logs::DeliveryDestination": ("logs:PutDeliveryDestination", "logs:DeleteDeliveryDestination"),
    "AWS::Logs::DeliverySource": ("logs:PutDeliverySource", "logs:DeleteDeliverySource"),
    "AWS::Logs::LogGroup": ("logs:CreateLogGroup", "logs:DeleteLogGroup"),
    "AWS::Logs::MetricFilter": ("logs:PutMetricFilter", "logs:DeleteMetricFilter"),
    "AWS::RDS::DBInstance": ("rds:CreateDBInstance", "rds:DeleteDBInstance", "rds:CreateDBSnapshot"),
    "AWS::RDS::DBParameterGroup": ("rds:CreateDBParameterGroup", "rds:DeleteDBParameterGroup"),
    "AWS::RDS::DBSubnetGroup": ("rds:CreateDBSubnetGroup", "rds:DeleteDBSubnetGroup"),
    "AWS::RDS::EventSubscription": ("rds:CreateEventSubscription", "rds:DeleteEventSubscription"),
    "AWS::Route53::HealthCheck": ("route53:CreateHealthCheck", "route53:DeleteHealthCheck"),
    "AWS::Route53::HostedZone": ("route53:CreateHostedZone", "route53:DeleteHostedZone"),
    "AWS::Route53::RecordSet": ("route53:ChangeResourceRecordSets", "route53:GetChange"),
    "AWS::S3::Bucket": ("s3:CreateBucket", "s3:DeleteBucket"),
    "AWS::S3::BucketPolicy": ("s3:PutBucketPolicy", "s3:DeleteBucketPolicy"),
    "AWS::SNS::Subscription": ("sns:Subscribe", "sns:Unsubscribe"),
    "AWS::SNS::Topic": ("sns:CreateTopic", "sns:DeleteTopic"),
    "AWS::SNS::TopicPolicy": ("sns:SetTopicAttributes",),
    "AWS::SSM::Parameter": ("ssm:PutParameter", "ssm:DeleteParameter"),
    "AWS::Scheduler::Schedule": ("scheduler:CreateSchedule", "scheduler:DeleteSchedule", "iam:PassRole"),
    "AWS::SecretsManager::RotationSchedule": ("secretsmanager:RotateSecret", "lambda:InvokeFunction"),
    "AWS::SecretsManager::Secret": ("secretsmanager:CreateSecret", "secretsmanager:DeleteSecret"),
    "AWS::StepFunctions::StateMachine": (
        "states:CreateStateMachine",
        "states:DeleteStateMachine",
        "iam:PassRole",
    ),
    "AWS::WAFv2::LoggingConfiguration": ("wafv2:PutLoggingConfiguration", "wafv2:DeleteLoggingConfiguration"),
    "AWS::WAFv2::WebACL": ("wafv2:CreateWebACL", "wafv2:DeleteWebACL"),
    "AWS::WAFv2::WebACLAssociation": ("wafv2:AssociateWebACL", "wafv2:DisassociateWebACL"),
}
OF_WHOEVER_ASKS = ("foundation", "security")


def everything() -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Each resource, with its environment, stack and logical id."""
    for (which, stack), template in all_made().items():
        yield from ((which, stack, key, said) for key, said in template["Resources"].items())


def test_the_service_role_can_make_and_delete_whatever_a_stack_has() -> None:
    missing = set()
    for which, stack, _, said in everything():
        if stack in OF_WHOEVER_ASKS or said["Type"].startswith("Custom::"):
            continue
        assert said["Type"] in CALLS, (
            f"{stack}: who makes a {said['Type']}? Say it in CALLS, and let the role do it."
        )
        missing |= {
            (which, said["Type"], it) for it in CALLS[said["Type"]] if it not in _service_actions(which)
        }
    assert missing == set()


def _service_actions(which: str) -> set[str]:
    role = made(which, "security")["Resources"]["CloudformationRole"]["Properties"]
    policies = (policy(it["Ref"], which) for it in role["ManagedPolicyArns"])
    return {action for it in policies for statement in it["Statement"] for action in statement["Action"]}


@pytest.mark.parametrize("which", environments())
def test_every_role_that_a_stack_names_is_made(which: str) -> None:
    made_names = {
        said["Properties"]["RoleName"]
        for said in made(which, "security")["Resources"].values()
        if said["Type"] == "AWS::IAM::Role"
    }
    named = {
        found for _, stack, _, said in _of(which) if stack != "security" for found in _roles(filled(said))
    }
    assert named <= made_names


def _of(which: str) -> list[tuple[str, str, str, dict[str, Any]]]:
    return [it for it in everything() if it[0] == which]


def _roles(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _roles(each)
    elif isinstance(value, list):
        for each in value:
            yield from _roles(each)
    elif isinstance(value, str):
        yield from ROLE.findall(value)


def test_a_function_has_the_name_of_its_role_by_which_others_may_call_it() -> None:
    for which, stack, key, said in everything():
        if said["Type"] == "AWS::Lambda::Function":
            (role,) = _roles(filled(said["Properties"]["Role"]))
            purpose = role.removeprefix(f"{environments()[which].names.prefix}-")
            assert said["Properties"].get("FunctionName") == environments()[which].names.function(purpose), (
                stack,
                key,
            )


def test_the_doors_group_has_the_name_that_the_door_is_let_to_open() -> None:
    """`DatabaseGroup`, wherever a stack makes it."""
    for _, stack, key, said in everything():
        if key == "DatabaseGroup" and said["Type"] == "AWS::EC2::SecurityGroup":
            tags = {it["Key"]: it["Value"] for it in said["Properties"]["Tags"]}
            assert tags["Name"] == "shop-staging-database", stack


def test_the_key_lets_logs_use_it_for_every_group_that_names_it() -> None:
    refused = set()
    for which, stack, key, said in everything():
        if said["Type"] == "AWS::Logs::LogGroup" and said["Properties"].get("KmsKeyId") == {"Ref": "KeyArn"}:
            name = filled(said["Properties"]["LogGroupName"])
            document = made(which, "foundation")["Resources"]["Key"]["Properties"]["KeyPolicy"]
            group = f"arn:aws:logs:{FILLED['AWS::Region']}:{FILLED['AWS::AccountId']}:log-group:{name}"
            logs = Who([filled(_of_service(document, "logs"))])
            if not logs.asks("kms:GenerateDataKey", "*", {"kms:EncryptionContext:aws:logs:arn": group}):
                refused.add((stack, key))
    assert refused == set()


def _of_service(document: dict[str, Any], service: str) -> dict[str, Any]:
    own = [it for it in document["Statement"] if service in str(it.get("Principal", {}).get("Service", ""))]
    return {"Statement": own}


def test_what_a_schema_has_tags_for_bears_the_environments() -> None:
    for which, stack, key, said in everything():
        property_ = _tags_of(said["Type"])
        if property_ is not None:
            tags = _read_tags(said["Properties"].get(property_, []))
            assert tags.get(TAG_SERVICE) == environments()[which].service, (stack, key, said["Type"])
            assert tags.get(TAG_ENVIRONMENT) == environments()[which].environment, (stack, key)
            assert {"owner", "cost-centre"} <= tags.keys()


def _tags_of(kind: str) -> str | None:
    """The property for tags that AWS's schema of a type has."""
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # a second to import

    if kind.startswith("Custom::"):
        return None
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    for name in (TAGS_ELSEWHERE.get(kind, "Tags"), "Tags"):
        if name in schema["properties"]:
            return name
    assert not (schema.get("tagging") or {}).get("taggable"), f"{kind}: which property has its tags?"
    return None


def _read_tags(said: Any) -> dict[str, str]:
    if isinstance(said, dict):
        return said
    if said and "ResourceType" in said[0]:
        assert said[0]["ResourceType"] == "launch-template"
        return _read_tags(said[0]["Tags"])
    return {it["Key"]: it["Value"] for it in said}


def test_the_service_role_is_there_before_whatever_it_makes() -> None:
    for topology in environments().values():
        order = waves(templates(topology))
        assert order[:2] == (("foundation",), ("security",))


def test_a_stack_of_the_users_own_comes_after_the_roles_too() -> None:
    theirs = Template()
    theirs.add_parameter(Parameter("KeyArn", Type="String"))
    order = waves({**templates(environments()["small"]), "theirs": theirs, "free": Template()})
    assert order[:2] == (("foundation",), ("security",))
    assert {"theirs", "free"} <= set(order[2])


def test_titles_are_logical_ids() -> None:
    assert title("door-open") == "DoorOpen"
    assert like("DoorOpenRole", f"{title('door-open')}*")
