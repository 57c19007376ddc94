"""What people and pipelines may beside looking: a policy for whoever deploys, one for what is looked at before a
deploy, and one for what a pipeline never does: secrets' values, shells, emptying buckets. They are attached to no one:
the security team gives them. Pure.

A deploy changes nothing itself but what is no stack's: images, artifacts, secrets' values, an imported certificate.
All else goes through change sets, in the hands of CloudFormation's service role. The foundation and the security
stack can be looked at and planned, and not changed: who changes those needs rights of his own. No one reads a secret.
"""

from evenly.aws.naming import Names, arn
from evenly.aws.stacks.common import Statement, substituted
from evenly.aws.stacks.security.reader import formation, stacks
from evenly.aws.stacks.security.statements import asked_as_ours, ours, pass_roles, use_key
from evenly.aws.stacks.security.tasks import PUSH, pull_images
from evenly.aws.topology import EDGE_REGION, AwsTopology

GUARDED = ("foundation", "security")


def deploys(topology: AwsTopology) -> tuple[Statement, ...]:
    names = topology.names
    return (
        *_change_stacks(names),
        *_upload(names),
        *_run(names),
        *_certificate(names),
    )


def looks_first() -> tuple[Statement, ...]:
    """Before the first change: whether there is room for it, and whether a permission is missing. A policy can name the
    user who asks, but no role that asks."""
    users = tuple(arn("iam", f"user/{path}${{!aws:username}}", "") for path in ("", "*/"))
    roles = arn("iam", "role/*", "")
    return (
        Statement("SeeQuotas", QUOTAS_SEEN, ("*",)),
        Statement("AskOwnRights", ("iam:SimulatePrincipalPolicy",), (*users, roles)),
        Statement("FindOwnRole", ("iam:GetRole",), (roles,)),
    )


def operates(topology: AwsTopology) -> tuple[Statement, ...]:
    names = topology.names
    return (*_secrets(names), *_shell(names), *_empty(names))


def _change_stacks(names: Names) -> tuple[Statement, ...]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/control-access-with-iam.html"""
    guarded = tuple(it for concern in GUARDED for it in stacks(names, concern))
    by_role = {"StringEquals": {"cloudformation:RoleArn": substituted(names.role_arn("cloudformation"))}}
    return (
        Statement(
            "ChangeByTheRole",
            formation("ContinueUpdateRollback", "CreateChangeSet", "DeleteStack"),
            stacks(names, "*"),
            by_role,
        ),
        Statement("ChangeStacks", formation(*STEER), stacks(names, "*")),
        Statement("PlanGuarded", formation("CreateChangeSet"), guarded),
        Statement("LeaveGuarded", formation(*CHANGES), guarded, effect="Deny"),
        pass_roles(names, "cloudformation.amazonaws.com", "cloudformation"),
    )


STEER = (
    "CancelUpdateStack",
    "DeleteChangeSet",
    "ExecuteChangeSet",
    "TagResource",
    "UntagResource",
    "UpdateTerminationProtection",
)
CHANGES = (
    "ContinueUpdateRollback",
    "CreateStack",
    "DeleteStack",
    "ExecuteChangeSet",
    "RollbackStack",
    "SetStackPolicy",
    "UpdateStack",
    "UpdateTerminationProtection",
)


def _upload(names: Names) -> tuple[Statement, ...]:
    artifacts = names.bucket_arn("artifacts")
    pages = f"{names.bucket_arn('pages', EDGE_REGION)}/*"
    return (
        Statement("FindArtifacts", ("s3:ListBucket",), (artifacts,)),
        Statement("ReadArtifacts", ("s3:GetObject",), (f"{artifacts}/*",)),
        Statement("WriteArtifacts", ("s3:PutObject",), (f"{artifacts}/*", pages)),
        use_key("UseKeyForArtifacts", "s3", "kms:Decrypt", "kms:GenerateDataKey"),
        *pull_images(names),
        Statement("PushImages", PUSH, (names.repository_arn,)),
    )


def _run(names: Names) -> tuple[Statement, ...]:
    return (
        Statement("Build", ("codebuild:StartBuild", "codebuild:StopBuild"), (names.build_project_arn,)),
        Statement("Migrate", ("states:StartExecution",), (names.door_arn,)),
        Statement("StopMigrating", ("states:StopExecution",), (names.door_runs_arn,)),
    )


# What `operations.usage` asks, beside what is seen anyway.
QUOTAS_SEEN = (
    "cloudfront:ListDistributions",
    "cloudfront:ListOriginRequestPolicies",
    "cloudfront:ListResponseHeadersPolicies",
    "cloudfront:ListVpcOrigins",
    "ec2:DescribeAddresses",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeNatGateways",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcs",
    "iam:GetAccountSummary",
    "rds:DescribeAccountAttributes",
    "route53:GetAccountLimit",
    "servicequotas:ListAWSDefaultServiceQuotas",
    "servicequotas:ListServiceQuotas",
)


def _secrets(names: Names) -> tuple[Statement, ...]:
    """Values go in and never come out."""
    actions = ("CreateSecret", "DeleteSecret", "PutSecretValue", "RestoreSecret", "TagResource")
    return (
        Statement(
            "SetSecrets",
            tuple(f"secretsmanager:{it}" for it in actions),
            (names.secret_arn("app/*"),),
        ),
        use_key("EncryptSecrets", "secretsmanager", "kms:Decrypt", "kms:GenerateDataKey"),
    )


def _certificate(names: Names) -> tuple[Statement, ...]:
    """A new one bears the tags that are asked for; renewed and deleted is what bears them."""
    certificates = (arn("acm", "certificate/*"),)
    return (
        Statement(
            "ImportCertificate",
            ("acm:AddTagsToCertificate", "acm:ImportCertificate"),
            certificates,
            asked_as_ours(names),
        ),
        Statement(
            "RenewCertificate", ("acm:DeleteCertificate", "acm:ImportCertificate"), certificates, ours(names)
        ),
    )


def _shell(names: Names) -> tuple[Statement, ...]:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-restrict-access-examples.html"""
    document = arn("ssm", "document/SSM-SessionManagerRunShell")
    sessions = arn("ssm", "session/${!aws:userid}-*")
    return (
        Statement("EnterTasks", ("ecs:ExecuteCommand",), (names.cluster_arn, names.in_cluster_arn("task"))),
        Statement("EnterHosts", ("ssm:StartSession",), (arn("ec2", "instance/*"),), ours(names)),
        Statement("EnterByShell", ("ssm:StartSession",), (document,)),
        Statement("LeaveHosts", ("ssm:ResumeSession", "ssm:TerminateSession"), (sessions,)),
    )


def _empty(names: Names) -> tuple[Statement, ...]:
    """What keeps data is emptied when somebody says so, and by no stack."""
    buckets = (
        *(names.bucket_arn(it) for it in ("artifacts", "access-logs")),
        *(names.bucket_arn(it, EDGE_REGION) for it in ("pages", "edge-logs")),
    )
    return (
        Statement("SeeVersions", ("s3:ListBucketVersions",), buckets),
        Statement(
            "EmptyBuckets",
            ("s3:DeleteObject", "s3:DeleteObjectVersion"),
            tuple(f"{it}/*" for it in buckets),
        ),
    )
