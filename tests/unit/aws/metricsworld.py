"""Which metrics AWS makes, by which dimensions, and what the stacks give for them: what an alarm may watch."""

# By namespace and metric, the sets of dimensions that AWS documents and that are used here.
BALANCER = ("LoadBalancer",)
GROUP = ("LoadBalancer", "TargetGroup")
KNOWN: dict[tuple[str, str], tuple[str, ...]] = {
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
    ("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count"): BALANCER,
    ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count"): BALANCER,
    ("AWS/ApplicationELB", "HealthyHostCount"): GROUP,
    ("AWS/ApplicationELB", "RequestCount"): BALANCER,
    ("AWS/ApplicationELB", "TargetResponseTime"): BALANCER,
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html
    ("AWS/RDS", "CPUUtilization"): ("DBInstanceIdentifier",),
    ("AWS/RDS", "DatabaseConnections"): ("DBInstanceIdentifier",),
    ("AWS/RDS", "FreeStorageSpace"): ("DBInstanceIdentifier",),
    ("AWS/RDS", "ReadLatency"): ("DBInstanceIdentifier",),
    ("AWS/RDS", "WriteLatency"): ("DBInstanceIdentifier",),
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
    ("AWS/ECS", "CPUUtilization"): ("ClusterName", "ServiceName"),
    ("AWS/ECS", "MemoryUtilization"): ("ClusterName", "ServiceName"),
    # https://docs.aws.amazon.com/acm/latest/userguide/cloudwatch-metrics.html
    ("AWS/CertificateManager", "DaysToExpiry"): ("CertificateArn",),
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html
    ("AWS/CloudFront", "4xxErrorRate"): ("DistributionId", "Region"),
    ("AWS/CloudFront", "5xxErrorRate"): ("DistributionId", "Region"),
    ("AWS/CloudFront", "Requests"): ("DistributionId", "Region"),
    # https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-health-checks.html
    ("AWS/Route53", "HealthCheckPercentageHealthy"): ("HealthCheckId",),
    ("AWS/Route53", "HealthCheckStatus"): ("HealthCheckId",),
    # https://docs.aws.amazon.com/waf/latest/developerguide/waf-metrics.html
    ("AWS/WAFV2", "BlockedRequests"): ("Rule", "WebACL"),
}
# What is in us-east-1 alone, wherever the environment is.
GLOBAL = frozenset({"AWS/CloudFront", "AWS/Route53", "AWS/WAFV2"})

# By dimension, the output of another stack that its value is, or what else it may be.
GIVEN: dict[str, frozenset[str]] = {
    "LoadBalancer": frozenset({"BalancerFullName"}),
    "TargetGroup": frozenset({"TargetGroupFullName", "OtherTargetGroupFullName"}),
    "ClusterName": frozenset({"ClusterName"}),
    "ServiceName": frozenset({"ServiceName"}),
    "DBInstanceIdentifier": frozenset({"DatabaseIdentifier"}),
    "DistributionId": frozenset({"DistributionId"}),
    "HealthCheckId": frozenset({"HealthCheckId"}),
    "CertificateArn": frozenset({"BalancerCertificateArn", "CertificateArn"}),
}

# What each stack gives to others; of those that are there, a test shows that they do.
OUTPUTS: dict[str, frozenset[str]] = {
    "foundation": frozenset({"KeyArn"}),
    "service": frozenset(
        {"BalancerArn", "BalancerDns", "BalancerZoneId", "BalancerFullName", "TargetGroupFullName"}
        | {"ClusterName", "ServiceName"}
    ),
    "data": frozenset({"DatabaseIdentifier"}),
    "edge": frozenset({"DistributionId", "HealthCheckId"}),
}
# Of the service's, where the manifest asks for it.
SOMETIMES = frozenset({"OtherTargetGroupFullName", "BalancerCertificateArn"})
# What Evenly looks up itself when it plans.
LOOKED_UP = frozenset({"CertificateArn", "HostedZoneId", "PagesVersion"})
