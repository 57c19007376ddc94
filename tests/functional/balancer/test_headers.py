"""The headers of the edge, each by its value: added where the application is silent, kept where it is not."""

import pytest

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
