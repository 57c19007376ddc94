"""What a client meets at the edge: the redirect, unknown hosts, the balancer's own pages, who asks."""

import asyncio
import json
import re
import socket
import ssl

import pytest

from evenly.core.webheaders import FOR_APPLICATIONS

PAGE = {"Accept": "text/html,application/xhtml+xml"}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def test_http_redirects_with_path_and_query(world, client):
    await world.start_balancer([])
    port = world.settings.https_port
    for host in (
        "localhost",
        "127.0.0.1",
        "hello.localhost",
        "hello.example.com",
        "HELLO.localhost:80",
        "[::1]:1",
    ):
        answer = await client.get(f"{world.plain_url}/a%20b?x=1&y", headers={"Host": host})
        name = re.sub(r":\d+$", "", host)
        assert (answer.status, answer.headers["location"]) == (301, f"https://{name}:{port}/a%20b?x=1&y")


async def test_http_is_redirected_even_when_asked_by_tls(world, client):
    await world.start_balancer([])
    answer = await client.get(f"https://localhost:{world.settings.http_port}/a")
    assert (answer.status, answer.headers["location"]) == (301, f"{world.url}/a")


async def test_an_unknown_host_is_refused_everywhere(world, client):
    await world.start_balancer([])
    for host in (
        "evil.com",
        "evil.localhost",
        "localhost.evil.com",
        "hello.example.com.evil.com",
        "localhost.",
    ):
        asked = f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        assert (host, await raw(world, asked)) == (host, b"HTTP/1.1 400 Bad Request\r\n")
        plain = await client.get(world.plain_url, headers={"Host": host})
        assert (host, plain.status, "location" in plain.headers) == (host, 400, False)


async def test_without_a_redirect_both_ports_serve(unredirected_world):
    world = unredirected_world
    instance = await world.instance(1)
    await world.start_balancer([instance.endpoint])
    await world.until_healthy(instance)
    async with world.session() as client:
        for url in (world.url, world.plain_url):
            answer = await client.get(f"{url}/echo", headers={"Host": "hello.localhost"})
            assert (answer.status, "strict-transport-security" in answer.headers) == (200, False)
        assert (await client.get(world.plain_url, headers={"Host": "evil.com"})).status == 400


async def test_nobody_there_gives_a_page_or_a_problem(world, client):
    await world.start_balancer([])
    problem = await client.get(f"{world.url}/")
    said = problem.json()
    assert problem.headers["content-type"] == "application/problem+json"
    assert (problem.status, problem.headers["retry-after"]) == (503, "2")
    assert (said["status"], said["title"], said["type"]) == (503, "Service Unavailable", "about:blank")
    page = await client.get(f"{world.url}/", headers=PAGE)
    text = page.text
    assert (page.status, page.headers["retry-after"], page.headers["content-type"]) == (
        503,
        "2",
        "text/html; charset=utf-8",
    )
    assert "<h1>Service Unavailable</h1>" in text
    assert UUID.search(text)
    assert not re.search(r"envoy|upstream|https?://", text, re.IGNORECASE)


async def test_what_an_instance_answers_is_left_as_it_is(world, client):
    instance = await world.instance(1)
    await world.start_balancer([instance.endpoint])
    await world.until_healthy(instance)
    answer = await client.post(f"{world.url}/status?503", headers=PAGE)
    assert (answer.status, answer.json()["instance"]) == (503, instance.endpoint.id)


async def test_a_client_cannot_lie_about_itself(world, client):
    instance = await world.instance(1)
    await world.start_balancer([instance.endpoint])
    await world.until_healthy(instance)
    lies = {
        "X-Forwarded-For": "6.6.6.6",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "evil.com",
        "X-Forwarded-Port": "1",
        "X-Request-Id": "mine",
        "X-Real-Ip": "6.6.6.6",
        "X-Envoy-External-Address": "6.6.6.6",
        "X-Envoy-Upstream-Rq-Timeout-Ms": "1",
        "X-Envoy-Max-Retries": "99",
        "X-Envoy-Internal": "true",
    }
    answer = await client.get(f"{world.url}/echo", headers=lies)
    seen = answer.json()["headers"]
    forwarded = {name: value for name, value in seen.items() if name.startswith(("x-forwarded", "x-real"))}
    assert forwarded == {
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-host": f"localhost:{world.settings.https_port}",
        "x-forwarded-proto": "https",
        "x-forwarded-port": str(world.settings.https_port),
    }
    assert UUID.fullmatch(seen["x-request-id"])
    assert not [name for name in seen if name.startswith("x-envoy")]
    assert seen["host"] == f"localhost:{world.settings.https_port}"


async def test_an_answer_tells_nothing_of_what_is_behind(world, client):
    instance = await world.instance(1)
    await world.start_balancer([instance.endpoint])
    await world.until_healthy(instance)
    headers = {name.lower() for name in (await client.get(f"{world.url}/echo")).headers}
    assert headers == {"content-length", "date", "alt-svc", *FOR_APPLICATIONS}


async def test_only_hosts_of_our_own_are_pinned_to_https(world, client):
    instance = await world.instance(1)
    await world.start_balancer([instance.endpoint])
    await world.until_healthy(instance)
    for host, pinned in (
        ("localhost", None),
        ("127.0.0.1", None),
        ("hello.localhost", "max-age=300"),
        ("hello.example.com", "max-age=300"),
    ):
        answer = await client.get(f"{world.url}/echo", headers={"Host": host})
        assert (host, answer.status, answer.headers.get("strict-transport-security")) == (host, 200, pinned)


async def test_ambiguous_requests_are_refused(world, client):
    instance = await world.instance(1)
    await world.start_balancer([instance.endpoint])
    await world.until_healthy(instance)
    assert (await raw(world, b"GET /echo/a%2f..%2fb HTTP/1.1\r\nHost: localhost\r\n\r\n")).startswith(
        b"HTTP/1.1 400"
    )
    assert (await raw(world, b"GET /echo HTTP/1.1\r\nHost: localhost\r\nx_y: 1\r\n\r\n")).startswith(
        b"HTTP/1.1 400"
    )
    absolute = b"GET http://evil.com/echo HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert (await raw(world, absolute)).startswith(b"HTTP/1.1 400")


async def test_the_access_log_has_a_line_for_a_request(world, client):
    instance = await world.instance(1)
    await world.start_balancer([instance.endpoint])
    await world.until_healthy(instance)
    answer = await client.get(f"{world.url}/echo?token=secret")
    request_id = answer.json()["headers"]["x-request-id"]
    await world.until(lambda: request_id in world.settings.access_log.read_text())
    lines = map(json.loads, world.settings.access_log.read_text().splitlines())
    line = next(line for line in lines if line["request_id"] == request_id)
    told = (
        "method",
        "path",
        "status",
        "protocol",
        "attempts",
        "upstream",
        "instance",
        "zone",
        "client",
        "flags",
    )
    expected = (
        "GET",
        "/echo",
        200,
        "HTTP/1.1",
        1,
        instance.address,
        instance.endpoint.id,
        "local-a",
        "127.0.0.1",
        "-",
    )
    assert tuple(line[name] for name in told) == expected
    assert "secret" not in world.settings.access_log.read_text()


async def test_the_admin_socket_is_the_owners_alone(world):
    await world.start_balancer([])
    assert world.settings.admin_socket.stat().st_mode & 0o777 == 0o600


async def test_no_other_process_can_share_the_ports(world):
    await world.start_balancer([])
    for port in (world.settings.https_port, world.settings.http_port):
        with socket.socket() as other, pytest.raises(OSError, match="Address already in use"):
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            other.bind(("127.0.0.1", port))


async def raw(world, request: bytes) -> bytes:
    """The first line that the edge answers to these very bytes."""
    trust = ssl.create_default_context(cafile=str(world.authority.files.ca))
    reader, writer = await asyncio.open_connection("localhost", world.settings.https_port, ssl=trust)
    writer.write(request)
    line = await reader.readline()
    writer.transport.abort()
    return line
