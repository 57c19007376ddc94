"""Server-sent events: one name, one line, whatever is in it."""

import json

import pytest

from evenly.dashboard.frames import frame


def test_a_frame_is_a_name_a_line_and_an_empty_one() -> None:
    assert frame("view", {"a": 1}) == b'event: view\ndata: {"a":1}\n\n'


@pytest.mark.parametrize(
    "text", ["two\nlines", "a\r\nb", "\u2028 and \u2029", "event: hello\n\n", "\x00\x1b"]
)
def test_no_text_can_begin_another_line(text: str) -> None:
    name, data, *rest = frame("events", [text]).decode().split("\n")
    assert (name, rest) == ("event: events", ["", ""])
    assert json.loads(data.removeprefix("data: ")) == [text]


def test_what_is_no_number_is_null() -> None:
    assert frame("traffic", [float("nan"), float("inf")]).endswith(b"[null,null]\n\n")
