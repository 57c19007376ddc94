"""The headers of the edge, each by its value: added where the application is silent, kept where it is not."""

import pytest
from tests.functional.balancer.http2 import http2
from tests.functional.balancer.http3 import http3

from evenly.core.webheaders import PAGE_POLICY
from evenly.local.balancer.headers import LEAKING

SILENT = {
    "content-security-policy": "base-uri 'self'; object-src 'none'",
    "cross-origin-opener-policy": "same-origin-allow-popups",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "accelerometer=(), bluetooth=(), camera=(), display-capture=(), geolocation=(), "
    "gyroscope=(), hid=(), magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=(), "
    "xr-spatial-tracking=()",
    "referrer-policy": "strict-origin-when-cross-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-permitted-cross-domain-policies": "none",
}


@pytest.mark.parametrize("status", [200, 301, 404, 500])
async def test_a_silent_application_gets_every_security_header(served, asker, status):
    answer = await asker.get(f"{served.url}/headers?status={status}")
    assert answer.status == status
    assert {name: answer.headers.get(name) for name in SILENT} == SILENT
    assert answer.headers["alt-svc"] == f'h3=":{served.settings.https_port}"; ma=300'


async def test_what_an_application_says_itself_is_kept(served, asker):
    own = {
        name: f"own-{number}" for number, name in enumerate([*SILENT, "alt-svc", "strict-transport-security"])
    }
    query = "&".join(f"{name}={value}" for name, value in own.items())
    answer = await asker.get(f"{served.url}/headers?{query}", headers={"Host": "hello.localhost"})
    assert {name: answer.headers.getall(name) for name in own} == {
        name: [value] for name, value in own.items()
    }


OWN = {
    **SILENT,
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
}


async def test_a_redirect_has_them_as_well(served, asker):
    answer = await asker.get(f"{served.plain_url}/")
    assert (answer.status, {name: answer.headers.get(name) for name in SILENT}) == (301, SILENT)


@pytest.mark.parametrize("protocol", [http2, http3])
async def test_what_the_balancer_says_itself_has_stricter_ones(served, protocol):
    async with protocol(served.settings.https_port, served.authority.files.ca) as client:
        unknown = await client.ask("GET", "/echo", host="evil.com")
        page = await client.ask("GET", "/echo", [("accept", "text/html")], host="evil.com")
        silent = await client.ask("GET", "/headers")
    assert (unknown.status, page.status, silent.status) == (400, 400, 200)
    assert {name: unknown.headers.get(name) for name in OWN} == OWN
    assert page.headers["content-security-policy"] == PAGE_POLICY
    assert {name: silent.headers.get(name) for name in SILENT} == SILENT


@pytest.mark.parametrize("broken", ["x_y: 1", "Content-Length: x", "Transfer-Encoding: gzip"])
async def test_a_broken_request_is_answered_with_them(served, broken):
    asked = f"GET / HTTP/1.1\r\nHost: localhost\r\n{broken}\r\n\r\n".encode()
    head = (await served.raw(asked, until=b"\r\n\r\n")).decode().lower()
    assert head.startswith(("http/1.1 400", "http/1.1 501")), head
    assert [f"{name}: {value}".lower() in head for name, value in OWN.items()] == [True] * len(OWN), head


async def test_nobody_there_is_said_with_them(world, client):
    await world.start_balancer([])
    answer = await client.get(world.url)
    assert (answer.status, {name: answer.headers.get(name) for name in OWN}) == (503, OWN)


async def test_nothing_tells_what_runs_behind(served, asker):
    named = {
        "server",
        "via",
        "x-aspnet-version",
        "x-aspnetmvc-version",
        "x-generator",
        "x-powered-by",
        "x-runtime",
    }
    query = "&".join(f"{name}=Secret-1.2" for name in named.union(LEAKING))
    answer = await asker.get(f"{served.url}/headers?{query}")
    assert (answer.status, "Secret" in str(answer.headers)) == (200, False)
