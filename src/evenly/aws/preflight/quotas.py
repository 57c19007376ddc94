"""The quotas that an environment's resources count against, with AWS's codes for them. Pure.

Codes and defaults: https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html, by service, and beside
each. Left out is what has room for 500 or more of what an environment has one of (buckets, clusters, keys, ...).
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from evenly.aws.topology import EDGE_REGION

# What each is called here, and how its use is found out.
Key = Literal[
    "vpcs",
    "internet-gateways",
    "gateway-endpoints",
    "elastic-ips",
    "nat-gateways",
    "security-groups",
    "security-group-rules",
    "load-balancers",
    "db-instances",
    "host-processors",
    "fargate-processors",
    "distributions",
    "vpc-origins",
    "response-headers-policies",
    "origin-request-policies",
    "roles",
    "policies",
    "instance-profiles",
    "hosted-zones",
    "health-checks",
]


class Quota(Struct, frozen=True):
    """`name`: in AWS's words. `code`: in Service Quotas, under `service`; `None`: it has none there. `default`: what an
    account has that never asked for more. `everywhere`: it is one for all regions. `raised_by`: the code that is raised
    in its place."""

    key: Key
    name: str
    service: str
    code: str | None
    default: float
    everywhere: bool = False
    raised_by: str | None = None

    def region(self, environment: str) -> str:
        """Where it is asked after, for what is in the region `environment`."""
        return EDGE_REGION if self.everywhere else environment


VPCS = "L-F678F1CE"

QUOTAS: Mapping[Key, Quota] = {
    it.key: it
    for it in (
        # https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
        Quota("vpcs", "VPCs per Region", "vpc", VPCS, 5),
        Quota("internet-gateways", "Internet gateways per Region", "vpc", "L-A4707A72", 5, raised_by=VPCS),
        Quota("gateway-endpoints", "Gateway VPC endpoints per Region", "vpc", "L-1B52E74A", 20),
        Quota("elastic-ips", "EC2-VPC Elastic IPs", "ec2", "L-0263D0A3", 5),
        Quota("nat-gateways", "NAT gateways per Availability Zone", "vpc", "L-FE5A380F", 5),
        Quota("security-groups", "VPC security groups per Region", "vpc", "L-E79EC296", 2500),
        Quota(
            "security-group-rules", "Inbound or outbound rules per security group", "vpc", "L-0EA8095F", 60
        ),
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
        Quota(
            "load-balancers",
            "Application Load Balancers per Region",
            "elasticloadbalancing",
            "L-53DA6B97",
            50,
        ),
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html
        Quota("db-instances", "DB instances", "rds", "L-7B6409FD", 40),
        # https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html
        Quota(
            "host-processors",
            "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances, in vCPUs",
            "ec2",
            "L-1216C47A",
            5,
        ),
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
        Quota("fargate-processors", "Fargate On-Demand vCPU resource count", "fargate", "L-3032A538", 6),
        # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
        Quota(
            "distributions", "Distributions per AWS account", "cloudfront", "L-24B04930", 500, everywhere=True
        ),
        Quota("vpc-origins", "VPC origins per AWS account", "cloudfront", None, 25, everywhere=True),
        Quota(
            "response-headers-policies",
            "Custom response headers policies per AWS account",
            "cloudfront",
            "L-CF0D4FC5",
            20,
            everywhere=True,
        ),
        Quota(
            "origin-request-policies",
            "Custom origin request policies per AWS account",
            "cloudfront",
            None,
            20,
            everywhere=True,
        ),
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
        Quota("roles", "Roles per account", "iam", "L-FE177D64", 1000, everywhere=True),
        Quota(
            "policies", "Customer managed policies per account", "iam", "L-E95E4862", 1500, everywhere=True
        ),
        Quota(
            "instance-profiles",
            "Instance profiles per account",
            "iam",
            "L-6E65F664",
            1000,
            everywhere=True,
        ),
        # https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html
        Quota("hosted-zones", "Hosted zones", "route53", "L-4EA4796A", 500, everywhere=True),
        Quota("health-checks", "Health checks", "route53", "L-ACB674F3", 200, everywhere=True),
    )
}
# What one resource of a type counts as one of. The types that count by what they say are in `counting`.
COUNTED: Mapping[str, Key] = {
    "AWS::CloudFront::Distribution": "distributions",
    "AWS::CloudFront::OriginRequestPolicy": "origin-request-policies",
    "AWS::CloudFront::ResponseHeadersPolicy": "response-headers-policies",
    "AWS::CloudFront::VpcOrigin": "vpc-origins",
    "AWS::EC2::EIP": "elastic-ips",
    "AWS::EC2::InternetGateway": "internet-gateways",
    "AWS::EC2::SecurityGroup": "security-groups",
    "AWS::EC2::VPC": "vpcs",
    "AWS::IAM::InstanceProfile": "instance-profiles",
    "AWS::IAM::ManagedPolicy": "policies",
    "AWS::IAM::Role": "roles",
    "AWS::RDS::DBInstance": "db-instances",
    "AWS::Route53::HealthCheck": "health-checks",
    "AWS::Route53::HostedZone": "hosted-zones",
}
