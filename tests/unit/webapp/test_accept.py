import pytest

from evenly.webapp.accept import prefers_html

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        ("", False),
        ("*/*", False),
        (BROWSER, True),
        ("text/html", True),
        ("TEXT/HTML", True),
        ("text/*", True),
        ("application/json", False),
        ("application/problem+json", False),
        ("application/json, text/html", False),
        ("text/html, application/json", True),
        ("text/html;q=0.5, application/json;q=0.4", True),
        ("text/html;q=0.4, application/json;q=0.5", False),
        ("text/html;q=0, */*", False),
        ("text/html;q=0", False),
        ("application/json;q=0, */*", True),
        ("text/html;level=1;q=0.3, */*;q=0.2", True),
        ("image/png", False),
        ("text/html;q=high", False),
        ("text/html;q=-1, */*;q=0.1", False),
        (";;;,,,/,q=1", False),
    ],
)
def test_who_gets_a_page(accept: str, html: bool):
    assert prefers_html(accept) is html


def test_json_refused_leaves_the_page_at_the_wildcards_quality():
    assert prefers_html("application/json;q=0, application/problem+json;q=0, */*;q=0.1")
