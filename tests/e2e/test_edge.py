"""The edge of the whole product, as a stranger grades it: Mozilla's HTTP Observatory, and a client of HTTP/3."""

import asyncio
import json
import os
import subprocess
from pathlib import Path

import pytest
from tests.functional.balancer.http3 import http3
from tests.functional.balancer.tools import OBSERVATORY

SCANNER = Path(__file__).parents[1] / "functional" / "balancer" / "observatory.mjs"
# Every test of the Observatory's, with what it finds in the reference service.
FOUND = {
    "content-security-policy": "csp-implemented-with-no-unsafe-default-src-none",
    "cookies": "cookies-not-found",  # it sets none
    "cross-origin-resource-sharing": "cross-origin-resource-sharing-not-implemented",  # nobody else may read it
    "redirection": "redirection-to-https",
    "referrer-policy": "referrer-policy-private",
    # Below the half year that a public address needs, on purpose: ADR 0008.
    "strict-transport-security": "hsts-implemented-max-age-less-than-six-months",
    "subresource-integrity": "sri-not-implemented-but-no-scripts-loaded",  # it loads no script
    "x-content-type-options": "x-content-type-options-nosniff",
    "x-frame-options": "x-frame-options-implemented-via-csp",
    "cross-origin-resource-policy": "corp-implemented-with-same-origin",
}
# A name that other programs of this machine share must never be pinned to HTTPS.
SHARED = FOUND | {"strict-transport-security": "hsts-not-implemented"}


@pytest.fixture(scope="module")
def running(make_shared):
    made = make_shared()
    made.up()
    return made


@pytest.mark.parametrize(
    ("host", "found", "grade"), [("hello.localhost", FOUND, "A+"), ("localhost", SHARED, "B+")]
)
def test_the_http_observatory_grades_the_reference_service(running, host, found, grade):
    told = observed(running, host)
    assert {each["name"]: each["result"] for each in told["tests"]} == found
    assert [each["name"] for each in told["tests"] if not each["pass"]] == ["strict-transport-security"]
    assert told["grade"] == grade


def test_the_product_answers_by_http3(running):
    assert asyncio.run(greeted(running)) == 200


async def greeted(running) -> int:
    async with http3(running.https_port, authority(running)) as client:
        return (await client.ask("GET", "/")).status


def observed(running, host: str) -> dict:
    asked = ["node", SCANNER, OBSERVATORY, host, running.https_port, running.http_port]
    done = subprocess.run(
        [str(word) for word in asked],
        env={**os.environ, "NODE_EXTRA_CA_CERTS": str(authority(running))},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def authority(running) -> Path:
    return running.home / "certificates" / "ca.pem"
