"""Reads one secret of AWS Secrets Manager, with the credentials that ECS gives a task. One request, signed here: the
SDK would be 60 MB in every image and half a second at every start, for a call that is made once in two months.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from msgspec import Struct

CONTAINER_CREDENTIALS = "http://169.254.170.2"  # ECS's own address in every task
TIMEOUT_S = 3.0
SERVICE = "secretsmanager"
TARGET = "secretsmanager.GetSecretValue"
CONTENT = "application/x-amz-json-1.1"

Send = Callable[[Request], bytes]


class Keys(Struct, frozen=True):
    """Of the task's role, for some hours."""

    access_key: str
    secret_key: str
    token: str

    def __repr__(self) -> str:
        return "Keys(...)"


def secret_value(arn: str, environ: Mapping[str, str], send: Send | None = None) -> str:
    """The secret's text. Raises OSError, or ValueError where an answer makes no sense."""
    deliver = send or _send
    keys = _keys(environ, deliver)
    body = json.dumps({"SecretId": arn}).encode()
    region = arn.split(":")[3]
    request = signed(endpoint(region, environ), body, region, keys, datetime.now(UTC))
    return str(_told(deliver(request), "SecretString")[0])


def endpoint(region: str, environ: Mapping[str, str]) -> str:
    """As the SDKs find it: the variables for one service go before those for all."""
    said = environ.get("AWS_ENDPOINT_URL_SECRETS_MANAGER") or environ.get("AWS_ENDPOINT_URL")
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return said or f"https://{SERVICE}.{region}.{domain}"


def signed(url: str, body: bytes, region: str, keys: Keys, now: datetime) -> Request:
    """The request, by Signature Version 4."""
    moment, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    headers = {
        "content-type": CONTENT,
        "host": urlsplit(url).netloc,
        "x-amz-date": moment,
        "x-amz-security-token": keys.token,
        "x-amz-target": TARGET,
    }
    names = ";".join(headers)
    canonical = "\n".join(
        ("POST", "/", "", *(f"{name}:{value}" for name, value in headers.items()), "", names, _hash(body))
    )
    scope = f"{day}/{region}/{SERVICE}/aws4_request"
    said = "\n".join(("AWS4-HMAC-SHA256", moment, scope, _hash(canonical.encode())))
    key = f"AWS4{keys.secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, said.encode(), "sha256").hex()
    credential = f"Credential={keys.access_key}/{scope}"
    by = f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={signature}"
    return Request(f"{url.rstrip('/')}/", body, {**headers, "authorization": by}, method="POST")  # noqa: S310


def _keys(environ: Mapping[str, str], send: Send) -> Keys:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html"""
    relative = environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "")
    url = (
        f"{CONTAINER_CREDENTIALS}{relative}"
        if relative
        else environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI", "")
    )
    if not url:
        raise OSError("The task has no role.")
    return Keys(*_told(send(Request(url)), "AccessKeyId", "SecretAccessKey", "Token"))  # noqa: S310


def _told(answer: bytes, *names: str) -> list[str]:
    told: Any = json.loads(answer)
    if not isinstance(told, dict) or not all(isinstance(told.get(name), str) for name in names):
        raise ValueError("The answer makes no sense.")
    return [told[name] for name in names]


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _send(request: Request) -> bytes:
    with urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
        return bytes(answer.read())
