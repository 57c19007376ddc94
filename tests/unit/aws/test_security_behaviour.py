"""Who may what, asked of the policies as IAM would evaluate them."""

import pytest
from tests.unit.aws.iam import ACCOUNT, KEY, REGION
from tests.unit.aws.securityworld import person, role

HERE = f"{REGION}:{ACCOUNT}"
ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}]}
OURS = {"aws:ResourceTag/evenly:service": "shop", "aws:ResourceTag/evenly:environment": "staging"}
THEIRS = {"aws:ResourceTag/evenly:service": "shop", "aws:ResourceTag/evenly:environment": "production"}
READ = "secretsmanager:GetSecretValue"
BY_ROLE = {"cloudformation:RoleArn": f"arn:aws:iam::{ACCOUNT}:role/shop-staging-cloudformation"}


def secret(name: str, environment: str = "staging") -> str:
    return f"arn:aws:secretsmanager:{HERE}:secret:shop/{environment}/{name}-AbCdEf"


def group(name: str) -> dict[str, str]:
    return {**OURS, "aws:ResourceTag/Name": f"shop-staging-{name}"}


@pytest.mark.parametrize(
    ("who", "reads", "not_this"),
    [
        ("task", {"database/app"}, {"database/owner", "app/stripe"}),
        ("execution", {"database/app", "app/stripe"}, {"database/owner"}),
        ("migration", {"database/owner"}, {"database/app", "app/stripe"}),
        ("rotation", {"database/owner", "database/app"}, {"app/stripe"}),
        ("host", set(), {"database/owner", "database/app", "app/stripe"}),
        ("door", set(), {"database/owner", "database/app", "app/stripe"}),
        ("build", set(), {"database/owner", "database/app", "app/stripe"}),
    ],
)
def test_secrets_are_read_by_those_who_need_them(who: str, reads: set[str], not_this: set[str]) -> None:
    assert {it for it in reads | not_this if role(who).may(READ, secret(it))} == reads


@pytest.mark.parametrize("who", ["task", "execution", "migration", "rotation"])
def test_no_secret_of_another_environment_is_read_whatever_is_attached(who: str) -> None:
    lifted = role(who, "full", ALL)
    assert lifted.may(READ, secret("database/app"))
    assert not lifted.may(READ, secret("database/app", "production"))


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/x"),
        ("iam:AttachRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/shop-staging-task"),
        ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/admin"),
        ("organizations:LeaveOrganization", "*"),
    ],
)
@pytest.mark.parametrize("who", ["task", "host", "door", "cloudformation"])
def test_no_role_is_lifted_to_change_who_may_what(who: str, action: str, resource: str) -> None:
    assert not role(who, "full", ALL).may(action, resource, aws__RequestedRegion="us-east-1")


def test_the_key_works_for_secrets_and_not_for_whoever_has_the_role() -> None:
    assert role("task").may("kms:Decrypt", KEY, kms__ViaService=f"secretsmanager.{REGION}.amazonaws.com")
    assert not role("task").may("kms:Decrypt", KEY)
    assert not role("task").may("kms:Decrypt", KEY, kms__ViaService=f"s3.{REGION}.amazonaws.com")


class TestDoor:
    OPEN = "ec2:AuthorizeSecurityGroupIngress"
    CLOSE = "ec2:RevokeSecurityGroupIngress"
    ANY = f"arn:aws:ec2:{HERE}:security-group/sg-1"

    def test_each_hand_does_one_thing(self) -> None:
        done = {
            (who, action)
            for who in ("door-open", "door-close", "door", "door-schedule")
            for action in (self.OPEN, self.CLOSE)
            if role(who).asks(action, self.ANY, group("database"))
        }
        assert done == {("door-open", self.OPEN), ("door-close", self.CLOSE)}

    @pytest.mark.parametrize(("who", "action"), [("door-open", OPEN), ("door-close", CLOSE)])
    @pytest.mark.parametrize("tags", [group("balancer"), group("app"), OURS, {}, THEIRS])
    def test_at_the_databases_group_alone(self, who: str, action: str, tags: dict[str, str]) -> None:
        assert not role(who).asks(action, self.ANY, tags)

    def test_the_migration_runs_in_the_doors_cluster_and_nowhere_else(self) -> None:
        family = f"arn:aws:ecs:{HERE}:task-definition/shop-staging-migration:7"
        door = f"arn:aws:ecs:{HERE}:cluster/shop-staging-door"
        assert role("door").may("ecs:RunTask", family, ecs__cluster=door)
        assert not role("door").may("ecs:RunTask", family, ecs__cluster=door.removesuffix("-door"))
        other = family.replace("migration", "app")
        assert not role("door").may("ecs:RunTask", other, ecs__cluster=door)

    def test_it_hands_on_the_migrations_role_to_tasks_alone(self) -> None:
        migration = f"arn:aws:iam::{ACCOUNT}:role/shop-staging-migration"
        assert role("door").may("iam:PassRole", migration, iam__PassedToService="ecs-tasks.amazonaws.com")
        assert not role("door").may("iam:PassRole", migration, iam__PassedToService="lambda.amazonaws.com")
        task = migration.replace("migration", "task")
        assert not role("door").may("iam:PassRole", task, iam__PassedToService="ecs-tasks.amazonaws.com")

    def test_it_remembers_what_was_applied_and_writes_no_other_parameter(self) -> None:
        published = f"arn:aws:ssm:{HERE}:parameter/shop/staging/data/"
        assert role("door").may("ssm:PutParameter", published + "Migrations")
        assert not role("door").may("ssm:PutParameter", published + "DoorArn")

    def test_tasks_are_looked_for_in_the_doors_cluster_alone(self) -> None:
        cluster = f"arn:aws:ecs:{HERE}:cluster/shop-staging"
        assert role("door-close").may("ecs:ListTasks", ecs__cluster=f"{cluster}-door")
        assert not role("door-close").may("ecs:ListTasks", ecs__cluster=cluster)


def test_lambda_makes_interfaces_for_the_rotation_whose_own_code_can_not() -> None:
    function = f"arn:aws:lambda:{HERE}:function:shop-staging-rotation"
    assert role("rotation").may("ec2:CreateNetworkInterface")
    assert not role("rotation").may("ec2:CreateNetworkInterface", lambda__SourceFunctionArn=function)


def test_the_default_groups_role_takes_rules_away_and_makes_none() -> None:
    ours = f"arn:aws:ec2:{HERE}:security-group/sg-1"
    assert role("default-group").may("ec2:RevokeSecurityGroupEgress", ours)
    assert not role("default-group").may("ec2:AuthorizeSecurityGroupEgress", ours)


def test_a_host_reads_its_playbook_and_no_other_artifact() -> None:
    bucket = f"arn:aws:s3:::shop-staging-artifacts-{ACCOUNT}-{REGION}"
    assert role("host").may("s3:GetObject", f"{bucket}/assets/hosts-0123456789abcdef.zip")
    assert not role("host").may("s3:GetObject", f"{bucket}/assets/door-0123456789abcdef.zip")
    assert not role("host").may("s3:GetObject", f"{bucket}/source/app.zip")


def test_the_build_pushes_to_the_services_repository_alone() -> None:
    own = f"arn:aws:ecr:{HERE}:repository/shop/staging"
    assert role("build").may("ecr:PutImage", own)
    assert not role("build").may("ecr:PutImage", own.replace("staging", "production"))
    assert not role("execution").may("ecr:PutImage", own)


def test_a_job_starts_tasks_of_jobs() -> None:
    cluster = f"arn:aws:ecs:{HERE}:cluster/shop-staging"
    family = f"arn:aws:ecs:{HERE}:task-definition/shop-staging-"
    assert role("jobs").may("ecs:RunTask", f"{family}jobs-night:3", ecs__cluster=cluster)
    assert not role("jobs").may("ecs:RunTask", f"{family}app:3", ecs__cluster=cluster)
    assert not role("jobs").may("ecs:RunTask", f"{family}migration:3", ecs__cluster=cluster)


class TestServiceRole:
    """CloudFormation's."""

    VPC = f"arn:aws:ec2:{HERE}:vpc/vpc-1"

    def may(self, action: str, resource: str, context: dict[str, str] | None = None) -> bool:
        return role("cloudformation").asks(
            action, resource, {"aws:RequestedRegion": REGION, **(context or {})}
        )

    @pytest.mark.parametrize(
        ("action", "kind"),
        [
            ("ec2:DeleteVpc", "vpc/vpc-1"),
            ("ec2:DeleteSubnet", "subnet/subnet-1"),
            ("ec2:ModifyVpcAttribute", "vpc/vpc-1"),
            ("ec2:AuthorizeSecurityGroupIngress", "security-group/sg-1"),
            ("ec2:DeleteLaunchTemplate", "launch-template/lt-1"),
        ],
    )
    def test_changes_what_bears_the_environments_tags(self, action: str, kind: str) -> None:
        resource = f"arn:aws:ec2:{HERE}:{kind}"
        assert self.may(action, resource, OURS)
        assert not self.may(action, resource, THEIRS)
        assert not self.may(action, resource)

    def test_makes_nothing_in_another_network(self) -> None:
        assert self.may("ec2:CreateSubnet", f"arn:aws:ec2:{HERE}:subnet/*")
        assert self.may("ec2:CreateSubnet", self.VPC, OURS)
        assert not self.may("ec2:CreateSubnet", self.VPC, THEIRS)

    def test_tags_what_it_makes_and_adopts_nothing(self) -> None:
        assert self.may("ec2:CreateTags", self.VPC, {"ec2:CreateAction": "CreateVpc"})
        assert self.may("ec2:CreateTags", self.VPC, OURS)
        assert not self.may("ec2:CreateTags", self.VPC, THEIRS)
        assert not self.may("ec2:CreateTags", self.VPC)

    def test_starts_instances_by_templates_of_the_environment(self) -> None:
        template = f"arn:aws:ec2:{HERE}:launch-template/lt-1"
        instance = f"arn:aws:ec2:{HERE}:instance/*"
        assert self.may("ec2:RunInstances", template, OURS)
        assert not self.may("ec2:RunInstances", template, THEIRS)
        assert self.may("ec2:RunInstances", instance, {"ec2:LaunchTemplate": template})
        assert not self.may("ec2:RunInstances", instance)

    @pytest.mark.parametrize(
        "action",
        [
            "iam:CreateRole",
            "iam:DeleteRole",
            "iam:AttachRolePolicy",
            "iam:PutRolePolicy",
            "iam:CreatePolicyVersion",
            "iam:UpdateAssumeRolePolicy",
            "iam:DeleteRolePermissionsBoundary",
        ],
    )
    def test_changes_no_role(self, action: str) -> None:
        assert not self.may(action, f"arn:aws:iam::{ACCOUNT}:role/shop-staging-task")

    def test_gives_the_environments_roles_and_never_its_own(self) -> None:
        mine = f"arn:aws:iam::{ACCOUNT}:role/shop-staging-"
        to_tasks = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
        assert self.may("iam:PassRole", f"{mine}task", to_tasks)
        assert not self.may("iam:PassRole", f"{mine}task", {"iam:PassedToService": "glue.amazonaws.com"})
        assert not self.may("iam:PassRole", f"{mine}cloudformation", to_tasks)
        assert not self.may("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/admin", to_tasks)

    def test_leaves_the_foundation_alone(self) -> None:
        bucket = f"arn:aws:s3:::shop-staging-artifacts-{ACCOUNT}-{REGION}"
        assert not self.may("s3:DeleteBucket", bucket)
        assert not self.may("s3:PutBucketPolicy", bucket)
        assert not self.may("kms:PutKeyPolicy", KEY, OURS)
        assert not self.may("kms:ScheduleKeyDeletion", KEY, OURS)
        assert not self.may("ecr:DeleteRepository", f"arn:aws:ecr:{HERE}:repository/shop/staging")

    def test_writes_records_of_its_own_names_alone(self) -> None:
        zone, names = (
            "arn:aws:route53:::hostedzone/Z1",
            "route53:ChangeResourceRecordSetsNormalizedRecordNames",
        )
        change = "route53:ChangeResourceRecordSets"
        for own in ("shop.example.com", "_acme.shop.example.com", "database.staging.shop.internal"):
            assert self.may(change, zone, {names: own})
        assert not self.may(change, zone, {names: "example.com"})
        assert not self.may(change, zone, {names: "shop.example.com,mail.example.com"})

    def test_no_one_lifts_it_into_another_region(self) -> None:
        lifted = role("cloudformation", "full", ALL)
        assert lifted.may("ec2:CreateVpc", aws__RequestedRegion=REGION)
        assert not lifted.may("ec2:CreateVpc", aws__RequestedRegion="ap-south-1")


class TestPeople:
    def stack(self, concern: str) -> str:
        return f"arn:aws:cloudformation:{HERE}:stack/shop-staging-{concern}/0a"

    @pytest.mark.parametrize("action", ["CreateChangeSet", "DeleteStack"])
    def test_a_deployer_changes_stacks_in_the_service_roles_name(self, action: str) -> None:
        deployer = person("Deployer", "Reader")
        assert deployer.asks(f"cloudformation:{action}", self.stack("service"), BY_ROLE)
        assert not deployer.asks(f"cloudformation:{action}", self.stack("service"), {})

    @pytest.mark.parametrize("concern", ["foundation", "security"])
    def test_a_deployer_plans_the_guarded_stacks_and_does_not_change_them(self, concern: str) -> None:
        everybody = person("Deployer", "Reader", "Operator")
        assert everybody.asks("cloudformation:CreateChangeSet", self.stack(concern), {})
        for action in ("ExecuteChangeSet", "DeleteStack", "UpdateStack", "UpdateTerminationProtection"):
            assert not everybody.asks(f"cloudformation:{action}", self.stack(concern), BY_ROLE)

    def test_no_one_reads_a_secret(self) -> None:
        everybody = person("Deployer", "Reader", "Operator")
        assert not everybody.may(READ, secret("app/stripe"))
        assert everybody.may("secretsmanager:PutSecretValue", secret("app/stripe"))
        assert not everybody.may("secretsmanager:PutSecretValue", secret("database/owner"))

    def test_a_deployer_sets_no_secret_and_opens_no_shell(self) -> None:
        deployer = person("Deployer", "Reader")
        assert not deployer.may("secretsmanager:PutSecretValue", secret("app/stripe"))
        assert not deployer.may("ecs:ExecuteCommand", f"arn:aws:ecs:{HERE}:task/shop-staging/1")

    def test_a_shell_is_opened_on_the_environments_hosts_and_ended_by_who_opened_it(self) -> None:
        host = f"arn:aws:ec2:{HERE}:instance/i-1"
        operator = person("Operator")
        assert operator.asks("ssm:StartSession", host, OURS)
        assert not operator.asks("ssm:StartSession", host, THEIRS)
        assert not operator.may("ssm:TerminateSession", f"arn:aws:ssm:{HERE}:session/somebody-1")

    @pytest.mark.parametrize(
        "action", ["s3:PutObject", "ecr:PutImage", "states:StartExecution", "iam:PassRole"]
    )
    def test_a_reader_changes_nothing(self, action: str) -> None:
        assert not person("Reader").may(action, "*")
