import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.webapp.http import ProblemError
from evenly.webapp.validation import (
    LARGEST_ID,
    NewGreeting,
    PageWanted,
    greeting_id,
    language_tag,
    new_greeting,
    page_wanted,
)


def body(**members: object) -> bytes:
    return json.dumps({"language": "en", "text": "Hello", **members}).encode()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "H"),
        ("fa", "\u0633\u0644\u0627\u0645\u200c\u0647\u0627"),
        ("x" * 8 + "-" + "y" * 8, "a" * 200),
        ("ja", "世" * 200),
        ("de", "😀"),
    ],
)
def test_taken(language, text):
    assert new_greeting(body(language=language, text=text)) == NewGreeting(language, text)


@pytest.mark.parametrize(
    ("members", "pointers"),
    [
        ({"language": "e"}, ["#/language"]),
        ({"language": "e" * 36}, ["#/language"]),
        ({"language": "en_GB"}, ["#/language"]),
        ({"language": "en-"}, ["#/language"]),
        ({"language": "en\n"}, ["#/language"]),
        ({"language": "ën"}, ["#/language"]),
        ({"language": None}, ["#/language"]),
        ({"text": ""}, ["#/text"]),
        ({"text": " \u00a0"}, ["#/text"]),
        ({"text": "a" * 201}, ["#/text"]),
        ({"text": "a\x00b"}, ["#/text"]),
        ({"text": "a\nb"}, ["#/text"]),
        ({"text": "a\u2028b"}, ["#/text"]),
        ({"text": "a\u202eb"}, ["#/text"]),
        ({"text": 5}, ["#/text"]),
        ({"language": "", "text": ""}, ["#/language", "#/text"]),
        ({"id": 1}, ["#"]),
    ],
)
def test_unprocessable(members, pointers):
    with pytest.raises(ProblemError) as raised:
        new_greeting(body(**members))
    assert raised.value.status == 422
    assert [pointer for pointer, _ in raised.value.errors] == pointers


@pytest.mark.parametrize(
    "broken", [b"", b"{", b'{"language":"en","text":"\xff"}', b'{"language":"en","text":"\\ud800"}', b"nul"]
)
def test_malformed(broken):
    with pytest.raises(ProblemError) as raised:
        new_greeting(broken)
    assert raised.value.status == 400


@given(
    st.binary(max_size=300)
    | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_any_body_is_a_greeting_or_a_problem(anything):
    try:
        new_greeting(anything)
    except ProblemError as problem:
        assert problem.status in (400, 422)


def test_deep_nesting_is_a_problem_not_a_crash():
    with pytest.raises(ProblemError):
        new_greeting(b'{"language":' + b"[" * 16_000)


def test_texts_are_kept_in_one_normal_form():
    assert new_greeting(body(text="Ole\u0301")).text == "Ol\u00e9"


@pytest.mark.parametrize(
    ("said", "usual"),
    [("EN", "en"), ("PT-br", "pt-BR"), ("ZH-hant-tw", "zh-Hant-TW"), ("de-1996", "de-1996")],
)
def test_tags_are_kept_in_the_usual_case(said, usual):
    assert language_tag(said) == usual


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", PageWanted(0, 20)),
        ("limit=1&after=5", PageWanted(5, 1)),
        ("after=9223372036854775807", PageWanted(LARGEST_ID, 20)),
        ("other=x&limit=100&&;", PageWanted(0, 100)),
        ("limit=3&limit=4", PageWanted(0, 4)),
    ],
)
def test_pages(query, wanted):
    assert page_wanted(query) == wanted


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=",
        "limit=x",
        "limit=-1",
        "after=9223372036854775808",
        "after=%00",
        "after=%D9%A3",
        "&".join("abcdefghijklmnopqrstuvwxyz").replace("&", "=1&"),
    ],
)
def test_no_pages(query):
    with pytest.raises(ProblemError) as raised:
        page_wanted(query)
    assert raised.value.status == 400


@given(st.text())
def test_any_query_is_a_page_or_a_problem(query):
    try:
        wanted = page_wanted(query)
    except ProblemError as problem:
        assert problem.status == 400
    else:
        assert 1 <= wanted.limit <= 100 and 0 <= wanted.after <= LARGEST_ID


@pytest.mark.parametrize(("text", "number"), [("1", 1), (str(LARGEST_ID), LARGEST_ID), ("007", 7)])
def test_ids(text, number):
    assert greeting_id(text) == number


@pytest.mark.parametrize("text", ["", "0", "-1", "1.0", "x", "\u0663", "9223372036854775808", "1" * 5000])
def test_no_ids(text):
    assert greeting_id(text) is None
