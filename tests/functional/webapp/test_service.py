"""The reference service over real HTTP, on a real database."""

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

JSON = {"content-type": "application/json"}
BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


async def test_the_home_page_in_json(client):
    seen = set()
    for _ in range(40):
        async with client.get("/") as answer:
            home = await answer.json()
            assert answer.status == 200 and answer.content_type == "application/json"
            assert (answer.headers["vary"], answer.headers["cache-control"]) == ("Accept", "no-store")
        greeting = home.pop("greeting")
        assert home == {
            "instance_id": "i-0123456789abcdef0",
            "zone": "local-b",
            "region": "local",
            "release": 7,
        }
        assert sorted(greeting) == ["language", "text"]
        seen.add(greeting["language"])
    assert len(seen) > 10


async def test_the_home_page_for_a_browser(client):
    async with client.get("/", headers=BROWSER) as answer:
        page = await answer.text()
        assert answer.status == 200 and answer.content_type == "text/html"
        assert "unsafe" not in answer.headers["content-security-policy"]
    for fact in ("i-0123456789abcdef0", "local-b", "local", "7"):
        assert f"<dd>{fact}</dd>" in page
    assert re.search(r'<h1 lang="[\w-]+" dir="(ltr|rtl)">[^<]+</h1>', page)


@pytest.mark.parametrize("path", ["/", "/greetings", "/greetings/1", "/healthz", "/readyz"])
async def test_head_is_get_without_a_body(client, path):
    async with client.head(path) as head:
        assert (head.status, await head.read()) == (200, b"")
        assert int(head.headers["content-length"]) > 0


async def test_paging_visits_every_greeting_once(client):
    address, ids = "/greetings?limit=50", []
    while address:
        async with client.get(address) as answer:
            page = await answer.json()
        ids += [greeting["id"] for greeting in page["greetings"]]
        address = page["next"]
    assert len(ids) == len(set(ids)) >= 60 and ids == sorted(ids)


async def test_a_greeting_is_made_once_and_found(client):
    new = {"language": "EN-gb", "text": "Hello <b>\u2019there\u2019</b>"}
    async with client.post("/greetings", json=new) as answer:
        made, location = await answer.json(), answer.headers["location"]
        assert answer.status == 201
    async with client.get(location) as answer:
        assert await answer.json() == made
    assert (made["language"], made["text"]) == ("en-GB", new["text"])
    async with client.post("/greetings", json=new) as answer:
        assert answer.status == 409


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"language":"en","text":"a\\u0000b"}', JSON, 422),
        (b'{"language":"en","text":"\xff"}', JSON, 400),
        (b"{", JSON, 400),
        (b"", JSON, 400),
        (b"{}", JSON, 422),
        (b"{}", {"content-type": "text/plain"}, 415),
        (b"{}", {}, 415),
        (b" " * 16_385, JSON, 413),
        (b" " * 16_384, JSON, 400),
    ],
)
async def test_bad_bodies(client, body, headers, status):
    async with client.post("/greetings", data=body, headers=headers) as answer:
        problem = await answer.json()
        assert answer.status == problem["status"] == status
        assert answer.content_type == "application/problem+json"


async def test_a_large_body_without_a_length_is_refused(service):
    """Sent at once, so that the answer is not overtaken by what the server no longer reads."""
    chunks = (b"400\r\n" + b" " * 1024 + b"\r\n") * 20 + b"0\r\n\r\n"
    head = b"POST /greetings HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(head + b"transfer-encoding: chunked\r\n\r\n" + chunks)
    assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
    writer.close()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/greetings/9223372036854775808", 404),
        ("GET", "/greetings/9223372036854775807", 404),
        ("GET", "/greetings/%00", 404),
        ("GET", "/greetings/%FF", 404),
        ("GET", "/greetings/-1", 404),
        ("GET", "/greetings?after=%00", 400),
        ("GET", "/greetings?after=9223372036854775808", 400),
        ("GET", "/greetings?limit=%FF", 400),
        ("GET", "/greetings?%00=%00&%FF", 200),
        ("GET", "/%00", 404),
        ("DELETE", "/greetings/1", 405),
        ("BREW", "/", 405),
    ],
)
@pytest.mark.parametrize("headers", [{}, BROWSER])
async def test_odd_requests(client, method, path, status, headers):
    from yarl import URL

    async with client.request(method, URL(path, encoded=True), headers=headers) as answer:
        assert answer.status == status
        if status >= 400:
            assert answer.content_type == ("text/html" if headers else "application/problem+json")
        assert ("allow" in answer.headers) == (status == 405)


async def test_answers_and_pages_name_no_version(client):
    for path in ("/", "/nowhere"):
        async with client.get(path, headers=BROWSER) as answer:
            assert not re.search(r"\d", answer.headers.get("server", ""))


async def test_health_and_readiness(client):
    async with client.get("/healthz") as answer:
        assert (answer.status, await answer.json()) == (200, {"status": "alive"})
    async with client.get("/readyz") as answer:
        assert await answer.json() == {"status": "ready", "dependencies": {"database": {"state": "up"}}}


async def test_one_line_a_request(client, service):
    async with client.get("/greetings/1", headers={"x-request-id": "0f3b-77"}) as answer:
        await answer.read()
    async with client.get("/nowhere/secret", headers={"x-request-id": "x" * 129}) as answer:
        assert "instance" not in await answer.json()
    async with client.get("/healthz") as answer:
        await answer.read()
    first, second = (json.loads(line) for line in service.stdout.read_text().splitlines())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", first.pop("timestamp"))
    assert 0 < first.pop("database_ms") <= first.pop("duration_ms")
    assert first == {
        "level": "info",
        "event": "request",
        "request_id": "0f3b-77",
        "instance": "i-0123456789abcdef0",
        "zone": "local-b",
        "route": "/greetings/{id}",
        "method": "GET",
        "status": 200,
    }
    assert (second["route"], second["request_id"], second["status"]) == ("(unmatched)", "", 404)


def test_importing_the_package_is_free_of_side_effects():
    code = (
        "import sys; before=set(sys.modules); import evenly.webapp; print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {"evenly", "evenly.webapp"}


async def test_a_log_that_cannot_be_written_breaks_no_request(launch, until, database_url):
    server = launch(DATABASE_URL=database_url)
    with Path("/dev/full").open("wb") as full:  # noqa: ASYNC230
        command = [sys.executable, "-m", "evenly.webapp.server", "evenly.webapp:app"]
        port = server.port
        assert server.stop() == 0
        environ = {**os.environ, "PORT": str(port), "DATABASE_URL": database_url}
        server.process = subprocess.Popen(command, stdout=full, stderr=full, env=environ)  # noqa: ASYNC220
    until(server.listening)
    async with server.client() as client, client.get("/") as answer:
        assert answer.status == 200


TEXTS = st.text() | st.text(alphabet=st.characters(max_codepoint=40))
MEMBERS = {"language": TEXTS | st.sampled_from(["en", "PT-br"]), "text": TEXTS | st.integers()}
BODIES = st.one_of(
    st.binary(max_size=200),
    st.fixed_dictionaries({}, optional=MEMBERS).map(lambda members: json.dumps(members).encode()),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES)
async def test_no_body_is_a_5xx(client, body):
    async with client.post("/greetings", data=body, headers=JSON) as answer:
        assert answer.status in (201, 400, 409, 422)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(alphabet=st.characters(exclude_categories=["Cs"])), encoded=st.binary(max_size=20))
async def test_no_query_is_a_5xx(client, query, encoded):
    from urllib.parse import quote

    from yarl import URL

    for address in (
        f"/greetings?{quote(query, safe='=&')}",
        f"/greetings/{quote(encoded)}?after={quote(encoded)}",
    ):
        async with client.get(URL(address, encoded=True)) as answer:
            assert answer.status in (200, 400, 404)
