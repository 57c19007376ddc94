"""Fetches the playbook from the bucket of artifacts, and unpacks it:  fetch.py BUCKET KEY REGION FOLDER

The first program that runs on a host, before there is any other of ours: it needs Python 3.9 and nothing beside it. It
asks with the host's own role, and takes nothing whose hash is not the one in the key.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import os
import re
import sys
import time
import zipfile
from collections.abc import Callable
from datetime import datetime, timezone
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

METADATA = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or "http://169.254.169.254"
TRIES, PAUSE_S, TIMEOUT_S = 20, 3.0, 10.0  # the network of a host that has just begun
ROLE = "/latest/meta-data/iam/security-credentials/"
NOTHING = hashlib.sha256(b"").hexdigest()


def main(
    bucket: str, key: str, region: str, folder: str, metadata: str = METADATA, pause_s: float = PAUSE_S
) -> None:
    content = patiently(lambda: s3_object(bucket, key, region, metadata), pause_s)
    check(key, content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)


def patiently(ask: Callable[[], bytes], pause_s: float) -> bytes:
    """What `ask` returns. Raises what it raised the last time."""
    for _ in range(TRIES - 1):
        try:
            return ask()
        except OSError:
            time.sleep(pause_s)
    return ask()


def s3_object(bucket: str, key: str, region: str, metadata: str) -> bytes:
    elsewhere = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    place = f"{elsewhere}/{bucket}" if elsewhere else f"https://{bucket}.s3.{region}.{domain}"
    return sent(signed(f"{place}/{key}", region, credentials(metadata), datetime.now(timezone.utc)))


def credentials(metadata: str) -> tuple[str, str, str]:
    """The host's: access key, secret key, token. By the second version of the metadata service, the only one that is
    on."""
    wanted = {"X-aws-ec2-metadata-token-ttl-seconds": "300"}
    token = sent(Request(f"{metadata}/latest/api/token", headers=wanted, method="PUT")).decode()
    asked = {"X-aws-ec2-metadata-token": token}
    role = sent(Request(f"{metadata}{ROLE}", headers=asked)).decode().strip()
    found = json.loads(sent(Request(f"{metadata}{ROLE}{role}", headers=asked)))
    return found["AccessKeyId"], found["SecretAccessKey"], found["Token"]


def signed(url: str, region: str, keys: tuple[str, str, str], now: datetime) -> Request:
    """A GET, by Signature Version 4.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html"""
    access_key, secret_key, token = keys
    place = urlsplit(url)
    moment = now.strftime("%Y%m%dT%H%M%SZ")
    headers = {
        "host": place.netloc,
        "x-amz-content-sha256": NOTHING,
        "x-amz-date": moment,
        "x-amz-security-token": token,
    }
    names = ";".join(headers)
    lines = [f"{name}:{value}" for name, value in headers.items()]
    canonical = "\n".join(["GET", place.path, "", *lines, "", names, NOTHING])
    scope = f"{now:%Y%m%d}/{region}/s3/aws4_request"
    said = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, said.encode(), hashlib.sha256).hexdigest()
    by = f"AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    return Request(url, headers={**headers, "authorization": by})


def sent(request: Request) -> bytes:
    with urlopen(request, timeout=TIMEOUT_S) as answer:
        return bytes(answer.read())


def check(key: str, content: bytes) -> None:
    """Exits where the content is not what the key says."""
    said = re.search(r"-([0-9a-f]{16})\.zip$", key)
    found = hashlib.sha256(content).hexdigest()
    if not said or not found.startswith(said.group(1)):
        sys.exit(f"{key} is not what its name says: its SHA-256 is {found}.")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4])
