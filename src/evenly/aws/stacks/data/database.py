"""The database: PostgreSQL by RDS, in the isolated subnets, on two zones, encrypted at rest and on the way. Pure."""

from troposphere import GetAtt, Ref, Split, Sub, Tags, rds, route53

from evenly.aws.stacks.common import Stack, substituted
from evenly.aws.stacks.logs import log_group
from evenly.aws.topology import AwsTopology
from evenly.manifest.types import Database

OWNER = "evenly_owner"  # RDS refuses names that it takes for words of SQL
CONNECTIONS_EACH = 10  # of an instance, as the reference service's pool; on this machine the same
CONNECTIONS_BESIDE = 50  # for rollouts, migrations and ourselves
BYTES_A_CONNECTION = 9531392  # RDS's own formula: max_connections = memory / this
MEMORY_LEFT = 0.75  # of the class's, for what RDS runs beside PostgreSQL counts as well
CLASSES = (  # GiB; https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Summary.html
    ("db.t4g.small", 2),
    ("db.t4g.medium", 4),
    ("db.t4g.large", 8),
    ("db.m7g.xlarge", 16),
    ("db.m7g.2xlarge", 32),
    ("db.m7g.4xlarge", 64),
)
GIBIBYTE = 1024**3
STORAGE_GIB = 20  # the least of gp3
STORAGE_MOST_GIB = 200  # that it grows to by itself
BACKUP_DAYS, BACKUP_DAYS_PRODUCTION = 7, 30
AUTHORITY = "rds-ca-rsa2048-g1"  # whose roots are in assets/rotation
MONITORING_S = 60
INSIGHTS_DAYS = 7  # what is free
SLOW_MS = 1000
LOGS = ("postgresql", "upgrade")
RECORD_S = 60
# A major version stands for its newest minor one. cfn-lint 1.58 takes 16 and 17 for gone, and 18 not.
SPURIOUS = {"cfn-lint": {"config": {"ignore_checks": ["W3691"]}}}


def add_database(stack: Stack, database: Database, password: Sub) -> rds.DBInstance:
    """The instance, with its logs, its settings and its name in the private zone."""
    for log in LOGS:
        log_group(stack, f"Database{log.capitalize()}Log", stack.names.database_log_group(log))
    _subnets(stack)
    _settings(stack, database)
    instance = _instance(stack, database, password)
    _zone(stack, instance)
    return instance


def instance_class(topology: AwsTopology) -> str:
    """The smallest class that takes the connections of all instances at once; beyond all classes, the largest."""
    workers = sum(worker.count for _, worker in topology.workers)
    wanted = (topology.count.maximum + workers) * CONNECTIONS_EACH + CONNECTIONS_BESIDE
    fits = (name for name, gibibytes in CLASSES if connections(gibibytes) >= wanted)
    return next(fits, CLASSES[-1][0])


def connections(gibibytes: int) -> int:
    """How many RDS lets in, where a class has that much memory."""
    return int(gibibytes * GIBIBYTE * MEMORY_LEFT / BYTES_A_CONNECTION)


def _subnets(stack: Stack) -> None:
    subnets = stack.parameter("IsolatedSubnets", "The isolated subnets, comma-joined")
    stack.add(
        rds.DBSubnetGroup(
            "DatabaseSubnets",
            DBSubnetGroupDescription=f"The isolated subnets of {stack.names.prefix}",
            SubnetIds=Split(",", subnets),
        )
    )


def _settings(stack: Stack, database: Database) -> None:
    stack.add(
        rds.DBParameterGroup(
            "DatabaseSettings",
            Description=f"The settings of the database of {stack.names.prefix}",
            Family=f"postgres{database.version}",
            Parameters={
                "log_min_duration_statement": str(SLOW_MS),
                "log_statement": "ddl",
                "password_encryption": "scram-sha-256",
                "rds.accepted_password_auth_method": "scram",
                "rds.force_ssl": "1",
                "ssl_min_protocol_version": "TLSv1.2",
            },
        )
    )


def _instance(stack: Stack, database: Database, password: Sub) -> rds.DBInstance:
    production = stack.topology.production
    said = {"Metadata": SPURIOUS} if database.version == 16 else {}
    return stack.add(
        rds.DBInstance(
            "Database",
            # The app's secret is then deleted after it: not where the database's own deletion is refused.
            DependsOn=[*(f"Database{log.capitalize()}Log" for log in LOGS), "AppSecret"],
            DBInstanceIdentifier=stack.names.database,
            DBName=stack.names.database_name,
            Engine="postgres",
            EngineVersion=str(database.version),
            AutoMinorVersionUpgrade=True,
            AllowMajorVersionUpgrade=True,
            DBInstanceClass=instance_class(stack.topology),
            AllocatedStorage=str(STORAGE_GIB),
            MaxAllocatedStorage=STORAGE_MOST_GIB,
            StorageType="gp3",
            StorageEncrypted=True,
            KmsKeyId=stack.key(),
            MultiAZ=database.multi_zone,
            DBSubnetGroupName=Ref("DatabaseSubnets"),
            VPCSecurityGroups=[stack.parameter("DatabaseGroup", "The security group of the database")],
            PubliclyAccessible=False,
            DBParameterGroupName=Ref("DatabaseSettings"),
            CACertificateIdentifier=AUTHORITY,
            MasterUsername=OWNER,
            MasterUserPassword=password,
            BackupRetentionPeriod=BACKUP_DAYS_PRODUCTION if production else BACKUP_DAYS,
            CopyTagsToSnapshot=True,
            DeleteAutomatedBackups=not production,
            DeletionProtection=production,
            EnableCloudwatchLogsExports=list(LOGS),
            EnablePerformanceInsights=True,
            PerformanceInsightsKMSKeyId=stack.key(),
            PerformanceInsightsRetentionPeriod=INSIGHTS_DAYS,
            DatabaseInsightsMode="standard",
            MonitoringInterval=MONITORING_S,
            MonitoringRoleArn=substituted(stack.names.role_arn("database-monitoring")),
            DeletionPolicy="Snapshot",
            UpdateReplacePolicy="Snapshot",
            **said,
        )
    )


def _zone(stack: Stack, instance: rds.DBInstance) -> None:
    """A name that stays when the database is restored into another instance. No other zone has it."""
    network = stack.parameter("VpcId", "The network")
    stack.add(
        route53.HostedZone(
            "PrivateZone",
            Name=stack.names.private_zone,
            HostedZoneConfig=route53.HostedZoneConfiguration(
                Comment=f"Names that the network of {stack.names.prefix} alone sees"
            ),
            HostedZoneTags=Tags(stack.tags()),
            VPCs=[route53.HostedZoneVPCs(VPCId=network, VPCRegion=Ref("AWS::Region"))],
        )
    )
    stack.add(
        route53.RecordSetType(
            "DatabaseRecord",
            HostedZoneId=Ref("PrivateZone"),
            Name=stack.names.database_host,
            Type="CNAME",
            TTL=str(RECORD_S),
            ResourceRecords=[GetAtt(instance, "Endpoint.Address")],
        )
    )
