"""What `down` says of the values of secrets, which are no stack's."""

from typing import Any

from tests.unit.aws.securityworld import environment
from tests.unit.aws.test_lookups import Answers
from tests.unit.aws.world import refuse

from evenly.aws.cloud.session import Asked
from evenly.aws.operations.leaving import Left
from evenly.aws.releasing.appsecrets import kept
from evenly.manifest.types import Database

THERE = {"VersionIdsToStages": {"v": ["AWSCURRENT"]}}
GONE = {**THERE, "DeletedDate": "2026-01-01"}
NEVER = refuse("DescribeSecret", "ResourceNotFoundException", "Secrets Manager can't find the secret.")


def found(*answers: Any, **said: Any) -> tuple[Left, ...]:
    secrets = Answers(describe_secret=list(answers))
    return kept(Asked(secrets, "secretsmanager in eu-west-1"), environment(**said))


def test_those_with_a_value_stay_under_their_full_name() -> None:
    names = {"A_KEY": "stripe", "B_KEY": "mail", "C_KEY": "other"}
    assert found(THERE, NEVER, GONE, secrets=names) == (
        Left("secrets", "stripe", "AWS::SecretsManager::Secret", "shop/staging/app/stripe", "kept"),
    )


def test_the_address_of_a_database_elsewhere_is_one() -> None:
    (stays,) = found(THERE, database=Database(url_from="DATABASE_URL"))
    assert stays.physical == "shop/staging/app/DATABASE_URL"


def test_without_secrets_nothing_is_asked() -> None:
    assert found() == ()
