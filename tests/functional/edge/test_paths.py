"""Spellings of a path that two programs could read in two ways: the app sees the one plain form, or nothing."""

import contextlib

import pytest
from tests.functional.edge.conftest import Edge, get

from evenly.local.balancer.limits import URI_BYTES

# What is asked for -> what the app sees; None: 400.
PATHS = {
    "/a/b": "/a/b",
    "/a/../b": "/b",
    "/a/./b": "/a/b",
    "/a/..": "/",
    "/a/.": "/a/",
    "/../../etc/passwd": "/etc/passwd",
    "/a/%2e%2e/b": "/b",
    "/a/%2E%2e/b": "/b",
    "/a/.%2E/b": "/b",
    "/a/%2e/b": "/a/b",
    "//a///b": "/a/b",
    "//elsewhere.example/a": "/elsewhere.example/a",
    "/a//../b": "/a/b",
    "/a\\b": "/a/b",
    "/a\\..\\b": "/b",
    "/a%2fb": None,
    "/a%2Fb": None,
    "/a%2f..%2fb": None,
    "/a%5cb": None,
    "/a%5Cb": None,
    "/a;x=1/b": "/a;x=1/b",
    "/%c0%ae%c0%ae/b": None,
    "/%C0%AF": None,
    "/%c1%9c": None,
    "/%e0%80%af": None,
    "/%f0%80%80%af": None,
    "/%c3%a9": "/%c3%a9",
    "/%e2%82%ac": "/%e2%82%ac",
    "/\xc3\xa9": None,
    "/%252e%252e/b": "/%252e%252e/b",
    "/a%252fb": "/a%252fb",
    "/a%00b": None,
    "/a\x00b": None,
    "/a\x7fb": None,
    "/a b": None,
    "/a\tb": None,
    "/a#b": None,
    "/a%23b": "/a%23b",
    "/a?b/../c": "/a?b/../c",
    "/a?b=%2f&c=//": "/a?b=%2f&c=//",
    "/a%0d%0ax:%20y": "/a%0d%0ax:%20y",
    "a": None,
    "?a": None,
    "*": None,
    "/A/B": "/A/B",
    "/%41": "/A",
    "/%7euser": "/~user",
}


@pytest.mark.parametrize("asked", PATHS)
def test_the_app_sees_the_plain_form_or_nothing(edge: Edge, asked: str) -> None:
    expected = PATHS[asked]
    statuses: list[int] = []
    reached = edge.reached(lambda: statuses.extend(answer.status for answer in edge.clients.ask(get(asked))))
    assert (reached, statuses) == (([expected], [200]) if expected else ([], [400]))


def test_http2_reads_them_alike(edge: Edge) -> None:
    paths = {asked: seen for asked, seen in PATHS.items() if asked.isascii() and asked.startswith("/")}
    before = len(edge.witness.seen)
    with contextlib.ExitStack() as stack:
        wires = [stack.enter_context(edge.clients.http2()) for _ in paths]
        for wire, asked in zip(wires, paths, strict=True):
            wire.send(wire.request(1, path=asked, headers=[("x-asked", repr(asked))]))
        statuses = [wire.status(1) for wire in wires]
    reached = {seen.all("x-asked")[0]: seen.target for seen in edge.witness.seen[before:]}
    assert reached == {repr(asked): seen for asked, seen in paths.items() if seen}
    for status, seen in zip(statuses, paths.values(), strict=True):
        assert status in ((200,) if seen else (None, 400))


def test_a_long_path_of_tricks_is_no_work(edge: Edge) -> None:
    with edge.service_goes_on("long paths of tricks"):
        for trick in ("/..", "/%2e%2e", "//", "/%c0%af", "/a/.."):
            path = (trick * URI_BYTES)[:URI_BYTES]
            answers = [edge.clients.first(get(path)) for _ in range(5)]
            assert {answer.status for answer in answers if answer} <= {200, 400}
            assert None not in answers
