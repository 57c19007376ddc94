"""Compression at the edge: texts, once, for who asks for it; never what would break or leak by it."""

import zlib

import pytest
from tests.functional.balancer.edge_text import ETAG, TEXT

ALL = "gzip, br"
BROWSER = "gzip, deflate, br, zstd"


@pytest.fixture
async def asked(served):
    """Asks for the long text, and gives the answer with the body as it came over the wire."""
    async with served.session(decompress=False) as client:

        async def ask(query="", encoding=ALL, **headers):
            return await client.get(f"{served.url}/text?{query}", {"Accept-Encoding": encoding, **headers})

        yield ask


async def test_a_text_is_smaller_by_gzip_and_by_brotli(asked):
    gzip = await asked(encoding="gzip")
    assert gzip.headers["content-encoding"] == "gzip"
    assert zlib.decompress(gzip.body, 31) == TEXT
    assert len(gzip.body) < len(TEXT) / 5
    for encoding in (ALL, BROWSER, "br", "br;q=0.9, gzip;q=0.8", "*"):
        brotli = await asked(encoding=encoding)
        assert (encoding, brotli.headers["content-encoding"]) == (encoding, "br")
        assert len(brotli.body) < len(TEXT) / 5
    for encoding, chosen in (("identity", None), ("br;q=0, gzip", "gzip"), ("gzip;q=1, br;q=0.1", "gzip")):
        assert (encoding, (await asked(encoding=encoding)).headers.get("content-encoding")) == (
            encoding,
            chosen,
        )


async def test_every_answer_that_could_be_compressed_says_what_it_depends_on(asked):
    for encoding in (ALL, "identity"):
        answer = await asked(encoding=encoding)
        assert "accept-encoding" in answer.headers["vary"].lower()


@pytest.mark.parametrize(
    "query",
    [
        "type=image/png",
        "type=text/event-stream",
        "type=application/octet-stream",
        "type=video/mp4",
        "bytes=500",
        "encoding=zstd",
    ],
)
async def test_what_does_not_gain_by_it_is_left_alone(asked, query):
    answer = await asked(query)
    assert answer.body == TEXT[: 500 if "bytes" in query else None]
    assert answer.headers.get("content-encoding") == ("zstd" if "encoding" in query else None)
    assert answer.headers["etag"] == ETAG.decode()


@pytest.mark.parametrize(
    "kind", ["text/html", "TEXT/HTML; charset=utf-8", "application/json", "image/svg%2Bxml"]
)
async def test_what_gains_by_it_is_compressed(asked, kind):
    assert "content-encoding" in (await asked(f"type={kind}")).headers


async def test_a_range_is_of_what_is_stored(asked):
    answer = await asked(Range="bytes=100-2099")
    assert (answer.status, answer.body) == (206, TEXT[100:2100])
    assert answer.headers["content-range"] == f"bytes 100-2099/{len(TEXT)}"
    assert "content-encoding" not in answer.headers


async def test_a_compressed_answer_is_the_same_by_meaning_and_not_by_bytes(asked):
    """So its entity tag is weak; asked for again with it, nothing is sent."""
    answer = await asked()
    assert answer.headers["etag"] == f"W/{ETAG.decode()}"
    again = await asked(**{"If-None-Match": answer.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


async def test_another_site_learns_nothing_from_lengths(asked):
    for site, compressed in (
        ("cross-site", False),
        ("same-origin", True),
        ("same-site", True),
        ("none", True),
    ):
        answer = await asked(**{"Sec-Fetch-Site": site})
        assert (site, "content-encoding" in answer.headers) == (site, compressed)
