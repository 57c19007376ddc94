"""TLS at the edge: Mozilla's intermediate profile, by sslyze and by hand."""

import asyncio
import json
import socket
import ssl
import warnings

import pytest
from tests.functional.balancer.tools import SSLYZE

from evenly.local.balancer import tls

# https://ssl-config.mozilla.org/guidelines/6.0.json, intermediate; in Envoy's words where they differ.
PROFILE_SUITES = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
}
PROFILE_13 = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
PROFILE_CURVES = ("X25519MLKEM768", "X25519", "P-256", "P-384")


async def sslyze(world, *options):
    """What sslyze says of both ports: exit code, text, and its results for each."""
    out = world.folder / "sslyze.json"
    ports = (world.settings.https_port, world.settings.http_port)
    asked = ["--certinfo_ca_file", world.authority.files.ca, "--json_out", out, *options]
    process = await asyncio.create_subprocess_exec(
        *map(str, [SSLYZE, *asked, *(f"localhost:{port}" for port in ports)]),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    text, _ = await process.communicate()
    return process.returncode, text.decode(), json.loads(out.read_text())["server_scan_results"]


def accepted(results, version):
    suites = results[f"{version}_cipher_suites"]["result"]["accepted_cipher_suites"]
    return {each["cipher_suite"]["name"] for each in suites}


async def test_sslyze_finds_mozillas_intermediate_profile_at_both_ports(served):
    """The authority is given, as a browser of the user's has it: no store of Mozilla's could know it."""
    code, text, scans = await sslyze(served, "--mozilla_config", "intermediate", "--early_data")
    assert code == 0, text
    assert text.count("OK - Compliant") == len(scans) == 2
    for found in (scan["scan_result"] for scan in scans):
        for version in ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1"):
            assert (version, accepted(found, version)) == (version, set())
        assert accepted(found, "tls_1_2") == PROFILE_SUITES
        assert accepted(found, "tls_1_3") == PROFILE_13
        assert found["tls_1_3_early_data"]["result"]["supports_early_data"] is False
        assert found["session_renegotiation"]["result"]["is_vulnerable_to_client_renegotiation_dos"] is False
        curves = {each["name"] for each in found["elliptic_curves"]["result"]["supported_curves"]}
        assert curves == {"X25519", "secp256r1", "secp384r1"}  # all of the profile's that this sslyze can try


def test_the_curves_are_the_profiles():
    assert tls.CURVES == PROFILE_CURVES


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
async def test_old_versions_are_refused(served, version):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that is the point of them
        context = client_context(served)
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    await refused(served, context)


@pytest.mark.parametrize(
    "suites", ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "AES128-GCM-SHA256"]
)
async def test_suites_beyond_the_profile_are_refused(served, suites):
    context = client_context(served)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{suites}:@SECLEVEL=0")
    await refused(served, context)


async def test_a_session_is_resumed(served):
    """By a ticket; its key is the process's own, and BoringSSL changes it every two days."""
    context = client_context(served)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # in 1.3 the ticket comes later than the handshake
    first = await asyncio.to_thread(shake_hands, served, context, None)
    assert (await asyncio.to_thread(shake_hands, served, context, first[1]))[0]


def client_context(world):
    return ssl.create_default_context(cafile=str(world.authority.files.ca))


async def refused(world, context):
    """By the edge, with an alert: not by this side."""
    with pytest.raises((ssl.SSLError, ConnectionError), match=r"ALERT|reset|EOF"):
        await asyncio.to_thread(shake_hands, world, context, None)


def shake_hands(world, context, session):
    with (
        socket.create_connection(("localhost", world.settings.https_port), 10) as plain,
        context.wrap_socket(plain, server_hostname="localhost", session=session) as secured,
    ):
        return secured.session_reused, secured.session
