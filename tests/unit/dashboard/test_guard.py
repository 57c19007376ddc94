"""Who may come in."""

import pytest

from evenly.dashboard.guard import Door, refusal

DOOR = Door(4711, "the-token")
HOST = (b"host", b"127.0.0.1:4711")
OWN = (b"origin", b"http://127.0.0.1:4711")


def asked(method: str = "GET", path: str = "/the-token/", *headers: tuple[bytes, bytes]) -> int | None:
    return refusal(DOOR, method, path, headers or (HOST,))


@pytest.mark.parametrize("path", ["/the-token/", "/the-token/events", "/the-token/../x", "/the-token//"])
def test_who_knows_the_token_comes_in(path: str) -> None:
    assert asked("GET", path) is None


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/the-token",
        "/the-toke/",
        "/the-tokens/",
        "/THE-TOKEN/",
        "//the-token/",
        "/x/../the-token/",
        "/th\u00e9-token/",
        "/events",
        "/\udcff/",
    ],
)
def test_another_path_is_no_door(path: str) -> None:
    assert asked("GET", path) == 404
    assert asked("POST", path, HOST, OWN) == 404


@pytest.mark.parametrize(
    "hosts",
    [
        (),
        (b"localhost:4711",),
        (b"127.0.0.1",),
        (b"127.0.0.1:80",),
        (b"evil.example:4711",),
        (b"127.0.0.1:4711.evil.example",),
        (b"127.0.0.1:4711", b"evil.example"),
    ],
)
def test_a_name_that_was_made_to_point_here_is_no_door(hosts: tuple[bytes, ...]) -> None:
    headers = [(b"accept", b"*/*"), *((b"host", it) for it in hosts)]
    assert refusal(DOOR, "GET", "/the-token/", headers) == 404


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "PATCH", "TRACE"])
@pytest.mark.parametrize(
    "origins",
    [
        (),
        (b"null",),
        (b"http://evil.example",),
        (b"https://127.0.0.1:4711",),
        (b"http://127.0.0.1:4712",),
        (b"http://127.0.0.1:4711", b"http://evil.example"),
    ],
)
def test_a_change_needs_its_own_origin(method: str, origins: tuple[bytes, ...]) -> None:
    assert asked(method, "/the-token/drills", HOST, *((b"origin", it) for it in origins)) == 403
    assert asked(method, "/the-token/drills", HOST, OWN) is None


def test_its_url_is_of_this_machine() -> None:
    assert DOOR.url == "http://127.0.0.1:4711/the-token/"
