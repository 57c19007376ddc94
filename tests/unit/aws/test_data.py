"""The data stack: the database, its credentials, its name, the task and the functions of its door."""

import json
import re
from typing import Any

import pytest
from tests.aws_topologies import resources, topology

from evenly.aws.instances import processors_of
from evenly.aws.intask import COMMAND, DIGEST, EXECUTION, FOLDER, PACKAGE
from evenly.aws.stacks import catalogue, data
from evenly.aws.stacks.data.database import CLASSES, connections, instance_class
from evenly.aws.stacks.data.migration import migrations_in_image
from evenly.manifest.types import App, Compute, Count, Database, Worker

ELSEWHERE = Database(url_from="DATABASE_URL")


def made(kind: str | None = None, **said: Any) -> dict[str, Any]:
    return resources(data.template(topology(**said)), kind)


def properties(name: str, **said: Any) -> dict[str, Any]:
    found: dict[str, Any] = made(**said)[name]["Properties"]
    return found


@pytest.mark.parametrize("said", [None, ELSEWHERE], ids=["none", "elsewhere"])
def test_without_a_database_of_its_own_there_is_no_stack(said):
    here = topology(database=said)
    assert "data" not in catalogue.templates(here)
    with pytest.raises(ValueError, match="no database of its own"):
        data.template(here)


def test_it_comes_after_the_network():
    waves = catalogue.waves(catalogue.templates(topology()))
    order = {name: at for at, wave in enumerate(waves) for name in wave}
    assert order["data"] > order["network"]


def test_the_database_is_guarded():
    found = properties("Database")
    assert found["StorageEncrypted"] is True
    assert found["KmsKeyId"] == found["PerformanceInsightsKMSKeyId"] == {"Ref": "KeyArn"}
    assert found["MultiAZ"] is True
    assert found["PubliclyAccessible"] is False
    assert found["DBSubnetGroupName"] == {"Ref": "DatabaseSubnets"}
    assert found["EnableCloudwatchLogsExports"] == ["postgresql", "upgrade"]
    assert found["EnablePerformanceInsights"] is True
    assert found["CopyTagsToSnapshot"] is True
    settings = properties("DatabaseSettings")["Parameters"]
    assert settings["rds.force_ssl"] == "1"
    assert settings["ssl_min_protocol_version"] == "TLSv1.2"
    assert settings["rds.accepted_password_auth_method"] == "scram"
    assert properties("DatabaseSubnets")["SubnetIds"] == {"Fn::Split": [",", {"Ref": "IsolatedSubnets"}]}


@pytest.mark.parametrize("production", [True, False])
def test_production_is_guarded_more(production):
    found = properties("Database", production=production)
    assert found["DeletionProtection"] is production
    assert found["DeleteAutomatedBackups"] is not production
    assert found["BackupRetentionPeriod"] == (30 if production else 7)


def test_a_snapshot_is_left_when_it_goes():
    found = made()["Database"]
    assert found["DeletionPolicy"] == found["UpdateReplacePolicy"] == "Snapshot"


def test_the_secrets_go_after_the_database():
    """Where its deletion is refused, they are still there."""
    assert "AppSecret" in made()["Database"]["DependsOn"]
    assert "${OwnerSecret}" in properties("Database")["MasterUserPassword"]["Fn::Sub"]


@pytest.mark.parametrize(("version", "ignored"), [(16, True), (18, False)])
def test_the_version_is_the_manifests(version, ignored):
    found = made(database=Database(version=version, multi_zone=False))
    assert found["Database"]["Properties"]["EngineVersion"] == str(version)
    assert found["Database"]["Properties"]["MultiAZ"] is False
    assert found["DatabaseSettings"]["Properties"]["Family"] == f"postgres{version}"
    assert ("Metadata" in found["Database"]) is ignored


@pytest.mark.parametrize(
    ("maximum", "workers", "wanted"),
    [
        (2, 0, "db.t4g.small"),
        (8, 0, "db.t4g.small"),
        (8, 20, "db.t4g.medium"),
        (40, 0, "db.t4g.large"),
        (1000, 0, "db.m7g.4xlarge"),
    ],
)
def test_the_class_takes_everybodys_connections(maximum, workers, wanted):
    said = {"w": Worker(command=("work",), count=workers)} if workers else {}
    here = topology(count=Count(minimum=2, maximum=maximum), workers=said)
    assert instance_class(here) == wanted
    fits = connections(dict(CLASSES)[wanted])
    assert fits >= (maximum + workers) * 10 + 50 or wanted == CLASSES[-1][0]


def test_no_password_is_in_the_template():
    text = data.template(topology()).to_json()
    assert properties("Database")["MasterUserPassword"] == {
        "Fn::Sub": "{{resolve:secretsmanager:${OwnerSecret}:SecretString:password}}"
    }
    said = re.findall(r'"[^"]*[Pp]assword[^"]*": "([^"]*)"', text)
    assert set(said) <= {"scram", "scram-sha-256"}


@pytest.mark.parametrize(
    ("title", "name", "user"),
    [("OwnerSecret", "owner", "evenly_owner"), ("AppSecret", "app", "app_clone")],
)
def test_secrets_manager_makes_the_passwords(title, name, user):
    found = made()[title]
    assert found["Properties"]["Name"] == f"shop/production/database/{name}"
    assert found["Properties"]["KmsKeyId"] == {"Ref": "KeyArn"}
    assert json.loads(found["Properties"]["GenerateSecretString"]["SecretStringTemplate"]) == {
        "username": user
    }
    assert found["Properties"]["GenerateSecretString"]["PasswordLength"] >= 32
    assert {"DeletionPolicy", "UpdateReplacePolicy"} <= found.keys()


def test_both_secrets_are_rotated_on_days_of_their_own():
    found = made("AWS::SecretsManager::RotationSchedule")
    days = {it["Properties"]["RotationRules"]["ScheduleExpression"] for it in found.values()}
    assert len(days) == len(found) == 2
    at_once = {name: it["Properties"]["RotateImmediatelyOnUpdate"] for name, it in found.items()}
    assert at_once == {"AppRotation": True, "OwnerRotation": False}
    assert all(it["DependsOn"] == "RotationPermission" for it in found.values())


def test_the_rotation_may_be_called_by_secrets_manager_alone():
    (found,) = made("AWS::Lambda::Permission").values()
    assert found["Properties"]["Principal"] == "secretsmanager.amazonaws.com"
    assert found["Properties"]["SourceAccount"] == {"Ref": "AWS::AccountId"}
    function = properties("Rotation")
    assert function["VpcConfig"]["SecurityGroupIds"] == [{"Ref": "FunctionsGroup"}]
    assert function["Environment"]["Variables"]["OWNER_SECRET_ARN"] == {"Ref": "OwnerSecret"}


def test_the_database_has_its_name_in_a_private_zone_alone():
    zone = properties("PrivateZone")
    assert zone["VPCs"] == [{"VPCId": {"Ref": "VpcId"}, "VPCRegion": {"Ref": "AWS::Region"}}]
    (record,) = made("AWS::Route53::RecordSet").values()
    assert record["Properties"]["HostedZoneId"] == {"Ref": "PrivateZone"}
    assert record["Properties"]["Name"] == "database.production.shop.internal"
    assert {it["Key"] for it in zone["HostedZoneTags"]} >= {"evenly:service", "evenly:environment"}


def test_logs_that_rds_writes_are_made_before_it_does():
    groups = {
        it["Properties"]["LogGroupName"]: it["Properties"] for it in made("AWS::Logs::LogGroup").values()
    }
    assert groups.keys() == {
        "/aws/rds/instance/shop-production/postgresql",
        "/aws/rds/instance/shop-production/upgrade",
        *(f"/evenly/shop/production/{it}" for it in ("door", "migration", "rotation")),
    }
    assert all(it["KmsKeyId"] == {"Ref": "KeyArn"} and it["RetentionInDays"] == 30 for it in groups.values())


def test_the_key_may_be_used_for_those_logs():
    policy = json.dumps(resources(catalogue.templates(topology())["foundation"])["Key"])
    assert "log-group:/aws/rds/instance/shop-production/*" in policy


def container(**said: Any) -> dict[str, Any]:
    (found,) = properties("Migration", **said)["ContainerDefinitions"]
    assert isinstance(found, dict)
    return found


def environment(**said: Any) -> dict[str, Any]:
    return {it["Name"]: it["Value"] for it in container(**said)["Environment"]}


def test_the_migration_task_is_the_apps_image_and_gets_the_owner_as_a_secret():
    found = container()
    assert found["Image"] == {"Ref": "Image"}
    assert found["EntryPoint"] == list(COMMAND)
    assert found["ReadonlyRootFilesystem"] is True
    assert {it["Name"]: it["ValueFrom"]["Fn::Sub"] for it in found["Secrets"]} == {
        "PGUSER": "${OwnerSecret}:username::",
        "PGPASSWORD": "${OwnerSecret}:password::",
    }
    assert environment()["PGHOST"] == {"Fn::GetAtt": ["Database", "Endpoint.Address"]}
    task = properties("Migration")
    assert "TaskRoleArn" not in task
    assert task["ExecutionRoleArn"]["Fn::Sub"].endswith("role/shop-production-migration")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, {PACKAGE: "evenly.webapp"}),
        ({"app": App(serve="shop:app")}, {}),
        ({"app": App(serve="shop:app"), "database": Database(migrations="db/")}, {FOLDER: "db"}),
        (
            {"app": App(serve="shop:app", build="web"), "database": Database(migrations="web/db")},
            {FOLDER: "db"},
        ),
        (
            {"app": App(serve="shop:app", build="./web/"), "database": Database(migrations="web/db/")},
            {FOLDER: "db"},
        ),
    ],
    ids=["reference", "none", "folder", "in the build", "as written"],
)
def test_the_task_is_told_where_the_migrations_are(said, told):
    assert {key: it for key, it in environment(**said).items() if key in (FOLDER, PACKAGE)} == told


@pytest.mark.parametrize(
    ("build", "folder"), [("web", "db"), ("web", "website/db"), (".", "../db"), ("./web/", "web/../db")]
)
def test_migrations_that_the_image_does_not_have_are_refused(build, folder):
    here = topology(app=App(serve="shop:app", build=build), database=Database(migrations=folder))
    with pytest.raises(ValueError, match="the image has no migrations"):
        migrations_in_image(here)


@pytest.mark.parametrize(
    ("compute", "wanted"),
    [
        (Compute(instance="t3.small"), "X86_64"),
        (Compute(instance="t4g.small"), "ARM64"),
        (Compute(instance="c7gn.large"), "ARM64"),
        (Compute(instance="is4gen.large"), "ARM64"),
        (Compute(instance="g4dn.xlarge"), "X86_64"),
        (Compute(instance="u7i-12tb.224xlarge"), "X86_64"),
        (Compute(type="fargate", instance="t4g.small"), "X86_64"),
    ],
)
def test_the_task_runs_what_the_image_was_built_for(compute, wanted):
    assert processors_of(topology(compute=compute)) == wanted


def test_each_run_says_which_migrations_and_whose_it_is():
    run = properties("Door")["Definition"]["States"]["Run"]["Parameters"]
    (override,) = run["Overrides"]["ContainerOverrides"]
    assert {it["Name"]: it["Value.$"] for it in override["Environment"]} == {
        DIGEST: "$.migrations",
        EXECUTION: "$$.Execution.Id",
    }
    network = run["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["SecurityGroups"] == [{"Ref": "MigrationGroup"}]
    assert network["AssignPublicIp"] == "DISABLED"
    assert run["TaskDefinition"] == properties("Migration")["Family"]


def test_a_release_changes_the_task_and_not_the_door():
    text = json.dumps({key: it for key, it in made().items() if key != "Migration"})
    assert '"Image"' not in text
    assert '"Release"' not in data.template(topology()).to_json()


def test_open_and_close_have_roles_of_their_own():
    roles = {it: properties(it)["Role"]["Fn::Sub"].rpartition("/")[2] for it in ("OpenDoor", "CloseDoor")}
    assert roles == {"OpenDoor": "shop-production-door-open", "CloseDoor": "shop-production-door-close"}
    assert properties("Door")["RoleArn"]["Fn::Sub"].endswith("role/shop-production-door")


def test_the_schedule_closes_every_quarter_of_an_hour():
    found = properties("CloseRegularly")
    assert found["ScheduleExpression"] == "rate(15 minutes)"
    assert found["Target"]["Arn"] == {"Fn::GetAtt": ["CloseDoor", "Arn"]}
    assert found["Target"]["Input"] == "{}"
    assert "State" not in found


def test_the_outputs_are_what_the_other_stacks_take():
    found = data.template(topology()).to_dict()["Outputs"]
    assert found.keys() == {"DatabaseSecretArn", "DatabaseIdentifier", "PrivateZoneId", "DoorArn"}
    assert found["DatabaseSecretArn"]["Value"] == {"Ref": "AppSecret"}


def test_everything_that_can_bear_them_has_tags():
    for name, it in made().items():
        if it["Type"] in (
            "AWS::Lambda::Function",
            "AWS::RDS::DBInstance",
            "AWS::StepFunctions::StateMachine",
        ):
            assert {"evenly:service", "evenly:environment"} <= {
                tag["Key"] for tag in it["Properties"]["Tags"]
            }, name
