"""Nothing that is put into a page can break out of its place."""

import json
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from evenly.verify.report.markup import Markup, data_block, element, shown, together

NASTY = st.one_of(
    st.text(),
    st.sampled_from(
        [
            "</script><script>alert(1)</script>",
            '"><img src=x onerror=alert(1)>',
            "<!--",
            "]]>",
            "&lt;b&gt;",
            "\x00\ud800",
            "\u202e",
        ]
    ),
)


class Seen(HTMLParser):
    """The elements and texts that a parser finds."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@given(NASTY)
def test_text_stays_text(text: str) -> None:
    seen = Seen(element("p", text).text)
    assert [tag for tag, _ in seen.tags] == ["p"]
    assert seen.text.replace("\r", "\n") == shown(text).replace("\r", "\n")


@given(NASTY)
def test_an_attribute_stays_one(text: str) -> None:
    seen = Seen(element("p", "x", title=text).text)
    assert seen.tags == [("p", {"title": shown(text)})]


@given(st.recursive(NASTY | st.floats() | st.none(), lambda it: st.lists(it) | st.dictionaries(NASTY, it)))
def test_data_is_read_back_as_it_was_and_holds_no_markup(data: object) -> None:
    block = data_block(data, "data").text
    inside = block.removeprefix('<script type="application/json" id="data">').removesuffix("</script>")
    assert not set("<>&") & set(inside)
    read = json.loads(inside, parse_constant=lambda word: pytest_fail(word))
    assert read == finite(data)


def finite(value: object) -> object:
    if isinstance(value, dict):
        return {key: finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [finite(each) for each in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value


def pytest_fail(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")


@given(st.text(st.characters(codec=None)))
def test_whatever_is_shown_can_be_written_as_utf_8(text: str) -> None:
    assert element("p", text, title=text).text.encode()


def test_markup_is_put_in_as_it_is_and_nothing_is_left_of_none() -> None:
    assert together(Markup("<b>x</b>"), None, ["<", Markup("<i></i>")]).text == "<b>x</b>&lt;<i></i>"


def test_attributes() -> None:
    made = element("p", class_="a b", aria_label="x", hidden=True, open=False, id=None, x=1.50)
    assert made.text == '<p class="a b" aria-label="x" hidden x="1.5"></p>'
    assert element("br").text == "<br>"


def test_what_steers_a_page_is_written_out() -> None:
    assert shown("a\x1b[31m\u202eb\x00") == "a\\x1b[31m\\u202eb\\x00"
