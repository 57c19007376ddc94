"""One signed request, compared to what AWS's own SDK signs."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.request import Request

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from evenly.webapp.secretsmanager import Keys, endpoint, secret_value, signed

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:hello/staging/database/app-AbCdEf"
KEYS = Keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "token/with+signs==")
BODY = json.dumps({"SecretId": ARN}).encode()
HERE = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/xyz"}


def by_the_sdk(url: str) -> tuple[str, datetime]:
    """Its signature, and the moment that it took for it."""
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "secretsmanager.GetSecretValue"}
    request = AWSRequest("POST", url, headers=headers, data=BODY)
    keys = Credentials(KEYS.access_key, KEYS.secret_key, KEYS.token)
    SigV4Auth(keys, "secretsmanager", "eu-west-1").add_auth(request)
    moment = datetime.strptime(request.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return str(request.headers["Authorization"]), moment


@pytest.mark.parametrize("url", ["https://secretsmanager.eu-west-1.amazonaws.com/", "http://127.0.0.1:4566/"])
def test_it_signs_as_the_sdk_does(url: str) -> None:
    theirs, moment = by_the_sdk(url)
    request = signed(url, BODY, "eu-west-1", KEYS, moment)
    assert request.get_header("Authorization") == theirs
    assert request.get_method() == "POST"
    assert request.full_url == url


class Aws:
    """Answers for ECS and for Secrets Manager."""

    def __init__(self, secret: object, role: object | None = None) -> None:
        self.secret = secret
        self.role = role or {"AccessKeyId": "AKID", "SecretAccessKey": "hush", "Token": "T", "RoleArn": "arn"}
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> bytes:
        self.asked.append(request)
        mine = request.full_url.startswith("http://169.254.170.2/")
        return json.dumps(self.role if mine else self.secret).encode()


def test_it_asks_with_the_tasks_role() -> None:
    aws = Aws({"SecretString": '{"username": "app"}', "Name": "hello"})
    assert secret_value(ARN, HERE, aws) == '{"username": "app"}'
    first, second = aws.asked
    assert first.full_url == "http://169.254.170.2/v2/credentials/xyz"
    assert second.full_url == "https://secretsmanager.eu-west-1.amazonaws.com/"
    assert second.data == json.dumps({"SecretId": ARN}).encode()
    assert second.get_header("X-amz-security-token") == "T"
    assert "hush" not in str(second.header_items())


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, "https://secretsmanager.eu-west-1.amazonaws.com"),
        ({"AWS_ENDPOINT_URL": "http://localhost:4566"}, "http://localhost:4566"),
        (
            {"AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_SECRETS_MANAGER": "http://b"},
            "http://b",
        ),
    ],
)
def test_where_it_asks_is_where_the_sdks_do(environ: dict[str, str], url: str) -> None:
    assert endpoint("eu-west-1", environ) == url
    assert endpoint("cn-north-1", {}) == "https://secretsmanager.cn-north-1.amazonaws.com.cn"


@pytest.mark.parametrize(
    ("aws", "error"),
    [
        (Aws({"SecretBinary": "x"}), ValueError),
        (Aws(["no", "object"]), ValueError),
        (Aws({"SecretString": "x"}, role={"AccessKeyId": "only"}), ValueError),
    ],
)
def test_an_answer_without_sense_is_an_error(aws: Callable[[Request], bytes], error: type[Exception]) -> None:
    with pytest.raises(error):
        secret_value(ARN, HERE, aws)


def test_a_task_without_a_role_can_read_nothing() -> None:
    with pytest.raises(OSError, match="no role"):
        secret_value(ARN, {}, Aws({}))


def test_keys_print_nothing() -> None:
    assert "wJalr" not in repr(KEYS) + str(KEYS)
