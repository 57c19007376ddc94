"""The service's document and its code say the same."""

import json
import re
from collections.abc import Iterator
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evenly.webapp import validation
from evenly.webapp.database import Database
from evenly.webapp.greetings import Greeting
from evenly.webapp.handlers import LARGEST_BODY, OPENAPI, GreetingPage, Handlers, Home, ShownGreeting
from evenly.webapp.http import ProblemError
from evenly.webapp.pages import Pages
from evenly.webapp.settings import read_settings

DOCUMENT = json.loads(OPENAPI.read_text())
PARTS = DOCUMENT["components"]
SCHEMAS = PARTS["schemas"]


def test_each_route_and_method_is_in_it_and_no_other() -> None:
    settings = read_settings({})
    routes = Handlers(settings, Pages(settings), Database(None)).routes  # type: ignore[arg-type]
    said = {path: {method.upper() for method in item} for path, item in DOCUMENT["paths"].items()}
    assert said == {route.template: set(route.allow.split(", ")) for route in routes}


def test_what_it_refers_to_is_there_and_nothing_is_there_in_vain() -> None:
    named = {f"#/components/{kind}/{name}" for kind, parts in PARTS.items() for name in parts}
    assert set(references(DOCUMENT)) == named


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("Home", Home),
        ("Greeting", Greeting),
        ("GreetingPage", GreetingPage),
        ("NewGreeting", validation.NewGreeting),
    ],
)
def test_bodies_have_the_members_of_their_types(name: str, type_: type) -> None:
    members = msgspec.structs.fields(type_)
    assert list(SCHEMAS[name]["properties"]) == [it.encode_name for it in members]
    always = [it.encode_name for it in members if msgspec.UnsetType not in get_args(it.type)]
    assert SCHEMAS[name]["required"] == always


def test_a_shown_greeting_has_the_members_of_its_type() -> None:
    assert SCHEMAS["Home"]["properties"]["greeting"]["required"] == list(ShownGreeting.__struct_fields__)


def test_bounds_are_the_ones_that_are_held() -> None:
    limit, after = (PARTS["parameters"][name]["schema"] for name in ("Limit", "After"))
    assert (limit["maximum"], limit["default"]) == (validation.LARGEST_PAGE, validation.DEFAULT_PAGE)
    assert SCHEMAS["GreetingPage"]["properties"]["greetings"]["maxItems"] == validation.LARGEST_PAGE
    assert after["maximum"] == SCHEMAS["Id"]["maximum"] == validation.LARGEST_ID
    assert f"{LARGEST_BODY:,} bytes" in PARTS["responses"]["ContentTooLarge"]["description"]


TAGS = st.text("abcXYZ019-_é\n", max_size=40)
LINES = st.text(max_size=4) | st.text(" \u00a0\u2028\x00\x85\u202ea", max_size=4)


@given(TAGS | st.from_regex(SCHEMAS["Language"]["pattern"]))
def test_a_language_is_taken_if_the_document_allows_it(language: str) -> None:
    assert is_taken(language, "Hello") == allows("Language", language)


@given(LINES)
@example("a" * 200)
@example("a" * 201)
def test_a_text_is_taken_if_the_document_allows_it(text: str) -> None:
    assert is_taken("en", text) == allows("Text", text)


def is_taken(language: str, text: str) -> bool:
    try:
        validation.new_greeting(json.dumps({"language": language, "text": text}).encode())
    except ProblemError:
        return False
    return True


def allows(schema: str, text: str) -> bool:
    said = SCHEMAS[schema]
    pattern = (
        said["pattern"].removesuffix("$") + r"\Z"
    )  # JSON Schema's $ is the end, and no line break before it
    return said["minLength"] <= len(text) <= said["maxLength"] and bool(re.search(pattern, text))


def references(part: Any) -> Iterator[str]:
    match part:
        case {"$ref": str(name)}:
            yield name
        case dict():
            for each in part.values():
                yield from references(each)
        case list():
            for each in part:
                yield from references(each)
