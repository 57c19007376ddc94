"""The database's credentials: made, kept and changed where nobody reads them. Pure.

Secrets Manager makes the passwords; a template holds references to them, never a value. Two users take turns as the
app's, so that the one in use stays good while the other one is given a new password (assets/rotation).
"""

from typing import Any

from troposphere import GetAtt, Ref, Sub, rds, secretsmanager

from evenly.aws.stacks.common import Stack
from evenly.aws.stacks.data.database import OWNER
from evenly.aws.stacks.functions import Function, add_function, may_invoke
from evenly.aws.stacks.logs import add_log_group

APP, APP_CLONE = (
    "app",
    "app_clone",
)  # the two users; the first is the name that migrations may grant rights to
PASSWORD_LENGTH = 40  # letters and digits: 238 bits, and nothing that a URL would have to escape
ROTATION_S = 60
# Each once a month, at days of their own: the app's rotation logs in as the owner.
APP_WHEN = "cron(0 3 1 * ? *)"
OWNER_WHEN = "cron(0 3 15 * ? *)"
WINDOW = "3h"


def add_secrets(stack: Stack) -> None:
    """What the first passwords are made by. A later change of these lines would make new ones: leave them."""
    _secret(stack, "OwnerSecret", "database/owner", f'{{"username": "{OWNER}"}}', "migrations and rotation")
    # The user that is not in use comes next, so the first rotation makes the first user.
    _secret(stack, "AppSecret", "database/app", f'{{"username": "{APP_CLONE}"}}', "the app")


def owner_password() -> Sub:
    """As CloudFormation reads it when it makes the database: the value is in no template, event or drift report.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html
    """
    return Sub("{{resolve:secretsmanager:${OwnerSecret}:SecretString:password}}")


def add_rotation(stack: Stack, database: rds.DBInstance) -> None:
    add_log_group(stack, "rotation")
    function = add_function(
        stack,
        Function(
            title="Rotation",
            description="Gives the database's users new passwords, by turns",
            purpose="rotation",
            asset="rotation",
            handler="rotation.rotated",
            log="rotation",
            timeout=ROTATION_S,
            environment={
                "OWNER_SECRET_ARN": Ref("OwnerSecret"),
                "DATABASE_HOST": GetAtt(database, "Endpoint.Address"),
                "DATABASE_PORT": GetAtt(database, "Endpoint.Port"),
                "DATABASE_NAME": stack.names.database_name,
            },
            in_network=True,
        ),
    )
    permission = may_invoke(stack, function, "secretsmanager.amazonaws.com")
    _schedule(stack, "AppRotation", "AppSecret", APP_WHEN, at_once=True, after=permission)
    _schedule(stack, "OwnerRotation", "OwnerSecret", OWNER_WHEN, at_once=False, after=permission)


def _secret(stack: Stack, title: str, name: str, template: str, whose: str) -> None:
    stack.add(
        secretsmanager.Secret(
            title,
            Name=stack.names.secret(name),
            Description=f"The database's user for {whose}",
            KmsKeyId=stack.key(),
            GenerateSecretString=secretsmanager.GenerateSecretString(
                SecretStringTemplate=template,
                GenerateStringKey="password",
                PasswordLength=PASSWORD_LENGTH,
                ExcludePunctuation=True,
            ),
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
        )
    )


def _schedule(stack: Stack, title: str, secret: str, when: str, *, at_once: bool, after: Any) -> None:
    stack.add(
        secretsmanager.RotationSchedule(
            title,
            SecretId=Ref(secret),
            RotationLambdaARN=GetAtt("Rotation", "Arn"),
            RotationRules=secretsmanager.RotationRules(ScheduleExpression=when, Duration=WINDOW),
            RotateImmediatelyOnUpdate=at_once,
            DependsOn=after,
        )
    )
