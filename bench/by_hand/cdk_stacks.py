"""The peer of `evenly package`: stacks for the same kind of service, written with the CDK's own constructs as its
documentation would have it. Usage: cdk_stacks.py FOLDER

It runs in an environment of its own, with aws-cdk-lib and Node, and imports nothing of ours.
"""

import sys
from typing import Any

from aws_cdk import App, Duration, RemovalPolicy, Stack
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_wafv2 as waf


class Foundation(Stack):
    def __init__(self, app: App, **more: Any) -> None:
        super().__init__(app, "shop-foundation", **more)
        self.key = kms.Key(self, "Key", enable_key_rotation=True, removal_policy=RemovalPolicy.RETAIN)
        self.bucket = s3.Bucket(
            self,
            "Artifacts",
            encryption_key=self.key,
            enforce_ssl=True,
            versioned=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        )
        self.repository = ecr.Repository(
            self, "Images", image_tag_mutability=ecr.TagMutability.IMMUTABLE, image_scan_on_push=True
        )


class Network(Stack):
    def __init__(self, app: App, foundation: Foundation, **more: Any) -> None:
        super().__init__(app, "shop-network", **more)
        tiers = (
            ("Public", ec2.SubnetType.PUBLIC),
            ("Private", ec2.SubnetType.PRIVATE_WITH_EGRESS),
            ("Isolated", ec2.SubnetType.PRIVATE_ISOLATED),
        )
        subnets = [ec2.SubnetConfiguration(name=name, subnet_type=kind, cidr_mask=24) for name, kind in tiers]
        self.vpc = ec2.Vpc(self, "Network", max_azs=2, nat_gateways=2, subnet_configuration=subnets)
        group = logs.LogGroup(
            self, "Flow", encryption_key=foundation.key, retention=logs.RetentionDays.ONE_MONTH
        )
        self.vpc.add_flow_log("FlowLog", destination=ec2.FlowLogDestination.to_cloud_watch_logs(group))


class Data(Stack):
    def __init__(self, app: App, foundation: Foundation, network: Network, **more: Any) -> None:
        super().__init__(app, "shop-data", **more)
        engine = rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.VER_16)
        self.database = rds.DatabaseInstance(
            self,
            "Database",
            engine=engine,
            vpc=network.vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            instance_type=ec2.InstanceType("t4g.small"),
            multi_az=True,
            storage_encryption_key=foundation.key,
            deletion_protection=True,
            backup_retention=Duration.days(14),
            cloudwatch_logs_exports=["postgresql"],
            parameters={"rds.force_ssl": "1"},
        )
        self.database.add_rotation_single_user(automatically_after=Duration.days(30))
        zone = route53.PrivateHostedZone(self, "Zone", zone_name="production.shop.internal", vpc=network.vpc)
        route53.CnameRecord(
            self,
            "Name",
            zone=zone,
            record_name="database",
            domain_name=self.database.db_instance_endpoint_address,
        )


class Service(Stack):
    def __init__(self, app: App, foundation: Foundation, network: Network, data: Data, **more: Any) -> None:
        super().__init__(app, "shop-service", **more)
        self._key, self._repository, self._data = foundation.key, foundation.repository, data
        self.cluster = ecs.Cluster(self, "Cluster", vpc=network.vpc, container_insights=True)
        capacity = self._capacity(network)
        self.balancer = elb.ApplicationLoadBalancer(
            self, "Balancer", vpc=network.vpc, deletion_protection=True
        )
        self.service = self._service("App", capacity, 2)
        self._listen()
        self._scale()
        self._service("Mails", capacity, 1)

    def _capacity(self, network: Network) -> ecs.AsgCapacityProvider:
        group = autoscaling.AutoScalingGroup(
            self,
            "Hosts",
            vpc=network.vpc,
            instance_type=ec2.InstanceType("t3.small"),
            machine_image=ecs.EcsOptimizedImage.amazon_linux2023(),
            require_imdsv2=True,
            min_capacity=2,
            max_capacity=8,
        )
        provider = ecs.AsgCapacityProvider(
            self, "Capacity", auto_scaling_group=group, enable_managed_termination_protection=False
        )
        self.cluster.add_asg_capacity_provider(provider)
        return provider

    def _service(self, name: str, capacity: ecs.AsgCapacityProvider, count: int) -> ecs.Ec2Service:
        task = ecs.Ec2TaskDefinition(self, f"{name}Task", network_mode=ecs.NetworkMode.AWS_VPC)
        group = logs.LogGroup(
            self, f"{name}Log", encryption_key=self._key, retention=logs.RetentionDays.ONE_MONTH
        )
        secret = self._data.database.secret
        assert secret is not None
        task.add_container(
            name,
            image=ecs.ContainerImage.from_ecr_repository(self._repository, "1"),
            memory_limit_mib=512,
            cpu=512,
            readonly_root_filesystem=True,
            logging=ecs.LogDrivers.aws_logs(stream_prefix=name, log_group=group),
            secrets={"DATABASE_PASSWORD": ecs.Secret.from_secrets_manager(secret, "password")},
            port_mappings=[ecs.PortMapping(container_port=8443)],
        )
        return ecs.Ec2Service(
            self,
            name,
            cluster=self.cluster,
            task_definition=task,
            desired_count=count,
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
            min_healthy_percent=100,
            capacity_provider_strategies=[
                ecs.CapacityProviderStrategy(capacity_provider=capacity.capacity_provider_name, weight=1)
            ],
        )

    def _listen(self) -> None:
        certificate = acm.Certificate(self, "Certificate", domain_name="shop.example.com")
        listener = self.balancer.add_listener(
            "Https", port=443, certificates=[certificate], ssl_policy=elb.SslPolicy.TLS13_RES
        )
        self.targets = listener.add_targets(
            "Targets",
            port=8443,
            protocol=elb.ApplicationProtocol.HTTPS,
            targets=[self.service],
            health_check=elb.HealthCheck(path="/healthz", protocol=elb.Protocol.HTTPS),
        )
        self.balancer.add_redirect()

    def _scale(self) -> None:
        scaling = self.service.auto_scale_task_count(min_capacity=2, max_capacity=8)
        scaling.scale_on_cpu_utilization("Cpu", target_utilization_percent=60)
        scaling.scale_on_request_count("Requests", requests_per_target=1000, target_group=self.targets)


class Edge(Stack):
    def __init__(self, app: App, service: Service, **more: Any) -> None:
        super().__init__(app, "shop-edge", **more)
        pages = s3.Bucket(self, "Pages", enforce_ssl=True, block_public_access=s3.BlockPublicAccess.BLOCK_ALL)
        visibility = waf.CfnWebACL.VisibilityConfigProperty(
            cloud_watch_metrics_enabled=True, metric_name="shop", sampled_requests_enabled=True
        )
        firewall = waf.CfnWebACL(
            self,
            "Firewall",
            default_action=waf.CfnWebACL.DefaultActionProperty(allow={}),
            scope="CLOUDFRONT",
            visibility_config=visibility,
            rules=[_managed("AWSManagedRulesCommonRuleSet", visibility)],
        )
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            default_behavior=cloudfront.BehaviorOptions(
                origin=origins.LoadBalancerV2Origin(service.balancer),
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            ),
            additional_behaviors={
                "/pages/*": cloudfront.BehaviorOptions(
                    origin=origins.S3BucketOrigin.with_origin_access_control(pages)
                )
            },
            web_acl_id=firewall.attr_arn,
        )


def _managed(name: str, visibility: Any) -> Any:
    return waf.CfnWebACL.RuleProperty(
        name=name,
        priority=0,
        override_action=waf.CfnWebACL.OverrideActionProperty(none={}),
        statement=waf.CfnWebACL.StatementProperty(
            managed_rule_group_statement=waf.CfnWebACL.ManagedRuleGroupStatementProperty(
                vendor_name="AWS", name=name
            )
        ),
        visibility_config=visibility,
    )


class Observability(Stack):
    def __init__(self, app: App, service: Service, data: Data, **more: Any) -> None:
        super().__init__(app, "shop-observability", **more)
        topic = sns.Topic(self, "Alarms")
        metrics = {
            "Errors": service.balancer.metrics.http_code_elb(elb.HttpCodeElb.ELB_5XX_COUNT),
            "Slow": service.targets.metrics.target_response_time(),
            "Unhealthy": service.targets.metrics.unhealthy_host_count(),
            "Cpu": service.service.metric_cpu_utilization(),
            "Memory": service.service.metric_memory_utilization(),
            "DatabaseCpu": data.database.metric_cpu_utilization(),
            "DatabaseStorage": data.database.metric_free_storage_space(),
            "DatabaseConnections": data.database.metric_database_connections(),
        }
        for name, metric in metrics.items():
            alarm = metric.create_alarm(self, name, threshold=1, evaluation_periods=3)
            alarm.add_alarm_action(actions.SnsAction(topic))
        board = cloudwatch.Dashboard(self, "Dashboard")
        board.add_widgets(*(cloudwatch.GraphWidget(title=name, left=[it]) for name, it in metrics.items()))
        budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=200, unit="USD"),
            ),
        )


def main(folder: str) -> None:
    app = App(outdir=folder)
    foundation = Foundation(app)
    network = Network(app, foundation)
    data = Data(app, foundation, network)
    service = Service(app, foundation, network, data)
    Edge(app, service)
    Observability(app, service, data)
    app.synth()


if __name__ == "__main__":
    main(sys.argv[1])
