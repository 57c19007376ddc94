"""The hosts: an Auto Scaling group over the zones, which ECS fills and empties as a capacity provider. Pure, but that
the program which a host begins with is read from beside the playbook (`assets/hosts/`).

A host configures itself by the playbook from the bucket of artifacts, and says so step by step: the stack waits for
each step under a logical id that carries the playbook's hash, so that a new playbook is waited for too. Hosts that
come later are held back by a lifecycle hook until they are done. Docs: docs/adr/0033-compute.md.
"""

from collections.abc import Mapping
from typing import Any

from troposphere import Base64, Ref, Split, Sub, autoscaling, cloudformation, ec2, ecs
from troposphere.policies import AutoScalingRollingUpdate, CreationPolicy, ResourceSignal, UpdatePolicy

from evenly.aws import playbook
from evenly.aws.instances import most_hosts
from evenly.aws.stacks.common import Stack
from evenly.aws.stacks.logs import app_log

DISK = "/dev/xvda"  # the root of Amazon Linux 2023
DISK_GIB = 30  # of the ECS image's own
WARM_UP_S = 180  # until a new host takes tasks
CONFIGURED_WITHIN_S = 900
CONFIGURED_WITHIN = "PT15M"
# What would work against a replacement of the hosts, one by one.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-updatepolicy.html
SUSPENDED = ["AZRebalance", "AlarmNotification", "HealthCheck", "ReplaceUnhealthy", "ScheduledActions"]


def add_hosts(stack: Stack) -> tuple[ecs.CapacityProvider, tuple[str, ...]]:
    """The capacity provider of the hosts, and the logical ids of the conditions that they are waited for by."""
    app_log(stack, "HostsLog", "hosts")
    conditions = _conditions(stack)
    group = _group(stack, _launch_template(stack, conditions))
    return _provider(stack, group), tuple(conditions.values())


def _conditions(stack: Stack) -> dict[str, str]:
    """By step, the logical id of what waits for it. A condition that is there already waits for nobody."""
    found = {}
    for step in playbook.STEPS:
        title = f"{step.capitalize()}Done{playbook.digest()[:8]}"
        stack.add(
            cloudformation.WaitCondition(
                title,
                CreationPolicy=CreationPolicy(
                    ResourceSignal=ResourceSignal(Count=stack.topology.zones, Timeout=CONFIGURED_WITHIN)
                ),
            )
        )
        found[step] = title
    return found


def _launch_template(stack: Stack, conditions: Mapping[str, str]) -> ec2.LaunchTemplate:
    topology, tags = stack.topology, [{"Key": key, "Value": value} for key, value in stack.tags().items()]
    stack.parameter("AmiId", "The image of Amazon that hosts start from (Amazon Linux 2023 for ECS)")
    return stack.add(
        ec2.LaunchTemplate(
            "HostTemplate",
            TagSpecifications=[ec2.TagSpecifications(ResourceType="launch-template", Tags=tags)],
            LaunchTemplateData=ec2.LaunchTemplateData(
                ImageId=Sub(
                    "${AmiId}"
                ),  # a Ref would want a parameter of a type of AWS's, which plans can't compute
                InstanceType=topology.compute.instance,
                IamInstanceProfile=ec2.IamInstanceProfile(Name=stack.names.role("host")),
                SecurityGroupIds=[stack.parameter("HostsGroup", "The security group of the hosts")],
                EbsOptimized=True,
                MetadataOptions=ec2.MetadataOptions(
                    HttpEndpoint="enabled",
                    HttpTokens="required",
                    HttpPutResponseHopLimit=1,
                    InstanceMetadataTags="disabled",
                ),
                BlockDeviceMappings=[_disk()],
                TagSpecifications=[
                    ec2.TagSpecifications(ResourceType=kind, Tags=tags)
                    for kind in ("instance", "network-interface", "volume")
                ],
                UserData=Base64(Sub(_first_words(stack, conditions))),
            ),
        )
    )


def _disk() -> ec2.LaunchTemplateBlockDeviceMapping:
    """Encrypted by the account's key for disks, not by ours (a named exception): Auto Scaling would need a grant of a
    key of ours before its role exists. A host keeps nothing but images and what has not gone to the logs yet."""
    return ec2.LaunchTemplateBlockDeviceMapping(
        DeviceName=DISK,
        Ebs=ec2.EBSBlockDevice(
            VolumeType="gp3", VolumeSize=DISK_GIB, Encrypted=True, DeleteOnTermination=True
        ),
    )


def _first_words(stack: Stack, conditions: Mapping[str, str]) -> str:
    """What a host runs first, for Fn::Sub: the program that fetches the playbook, and what it has to know."""
    stack.parameter("ArtifactBucket", "The bucket of templates, playbooks and functions")
    stack.parameter("HostsCode", "The key of the hosts' playbook in the bucket")
    stack.key()
    return playbook.first_words(
        bucket="${ArtifactBucket}",
        key="${HostsCode}",
        region="${AWS::Region}",
        settings={
            "stack": "${AWS::StackName}",
            "region": "${AWS::Region}",
            "cluster": stack.names.cluster,
            "log_group": stack.names.log_group("hosts"),
            "group": stack.names.hosts,
            "group_resource": "Hosts",
            "hook": stack.names.hosts_hook,
            "steps": dict(conditions),
        },
    )


def _group(stack: Stack, launch_template: ec2.LaunchTemplate) -> autoscaling.AutoScalingGroup:
    """One host a zone at least. How many more there are is ECS's to say, so no desired count is written here."""
    zones, most = stack.topology.zones, most_hosts(stack.topology)
    subnets = stack.parameter("PrivateSubnets", "The subnets without a way in, one a zone")
    return stack.add(
        autoscaling.AutoScalingGroup(
            "Hosts",
            AutoScalingGroupName=stack.names.hosts,
            VPCZoneIdentifier=Split(",", subnets),
            MinSize=str(zones),
            MaxSize=str(most),
            LaunchTemplate=autoscaling.LaunchTemplateSpecification(
                LaunchTemplateId=Ref(launch_template), Version=launch_template.get_att("LatestVersionNumber")
            ),
            AvailabilityZoneDistribution=autoscaling.AvailabilityZoneDistribution(
                CapacityDistributionStrategy="balanced-best-effort"
            ),
            HealthCheckType="EC2",
            HealthCheckGracePeriod=WARM_UP_S,
            DefaultInstanceWarmup=WARM_UP_S,
            NewInstancesProtectedFromScaleIn=False,
            TerminationPolicies=["OldestLaunchTemplate", "Default"],
            MetricsCollection=[autoscaling.MetricsCollection(Granularity="1Minute")],
            LifecycleHookSpecificationList=[_hook(stack)],
            CreationPolicy=CreationPolicy(
                ResourceSignal=ResourceSignal(Count=zones, Timeout=CONFIGURED_WITHIN)
            ),
            UpdatePolicy=UpdatePolicy(
                AutoScalingRollingUpdate=AutoScalingRollingUpdate(
                    MinInstancesInService=zones,
                    MaxBatchSize=1,
                    PauseTime=CONFIGURED_WITHIN,
                    WaitOnResourceSignals=True,
                    SuspendProcesses=SUSPENDED,
                )
            ),
        )
    )


def _hook(stack: Stack) -> autoscaling.LifecycleHookSpecification:
    """A host that does not come to say that it is configured is put away."""
    return autoscaling.LifecycleHookSpecification(
        LifecycleHookName=stack.names.hosts_hook,
        LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING",
        HeartbeatTimeout=CONFIGURED_WITHIN_S,
        DefaultResult="ABANDON",
    )


def _provider(stack: Stack, group: autoscaling.AutoScalingGroup) -> ecs.CapacityProvider:
    """ECS moves tasks away from a host that goes. Hosts are not protected while tasks run on them: that would stand in
    the way of deleting the stack."""
    return stack.add(
        ecs.CapacityProvider(
            "Capacity",
            Name=f"hosts-{stack.names.prefix}",  # it may not begin with aws, ecs or fargate
            AutoScalingGroupProvider=ecs.AutoScalingGroupProvider(
                AutoScalingGroupArn=Ref(group),
                ManagedScaling=ecs.ManagedScaling(
                    Status="ENABLED",
                    TargetCapacity=100,
                    MinimumScalingStepSize=1,
                    InstanceWarmupPeriod=WARM_UP_S,
                ),
                ManagedTerminationProtection="DISABLED",
                ManagedDraining="ENABLED",
            ),
        )
    )


def in_cluster(
    stack: Stack, capacity: ecs.CapacityProvider | None
) -> ecs.ClusterCapacityProviderAssociations:
    """The cluster's only capacity: the hosts, or Fargate."""
    name: Any = Ref(capacity) if capacity is not None else "FARGATE"
    return stack.add(
        ecs.ClusterCapacityProviderAssociations(
            "ClusterCapacity",
            Cluster=Ref("Cluster"),
            CapacityProviders=[name],
            DefaultCapacityProviderStrategy=[ecs.CapacityProviderStrategy(CapacityProvider=name, Weight=1)],
        )
    )
