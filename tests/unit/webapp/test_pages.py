import base64
import hashlib
import re
from pathlib import Path

import pytest

import evenly.webapp
from evenly.webapp.pages import Pages, direction
from evenly.webapp.settings import read_settings

PAGES = Pages(read_settings({"EVENLY_SERVICE": "a<b>", "EVENLY_ZONE": "local-<b>"}))


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "ltr"),
        ("ar", "rtl"),
        ("he", "rtl"),
        ("fa-AF", "rtl"),
        ("ur", "rtl"),
        ("az-Arab", "rtl"),
        ("ks-Deva", "ltr"),
        ("ar-Latn", "ltr"),
        ("AR", "rtl"),
        ("yi", "rtl"),
    ],
)
def test_direction(language, expected):
    assert direction(language) == expected


def test_everything_is_escaped():
    page = PAGES.greeting('x"><script>', "<script>alert('hi') & $title</script>").decode()
    assert "<script" not in page and "<b>" not in page
    assert "&lt;script&gt;alert(&#x27;hi&#x27;) &amp; $title" in page


def test_the_policy_allows_the_style_that_is_in_the_page_and_nothing_else():
    page = PAGES.greeting("ar", "مرحبا").decode()
    style = re.search(r"<style>(.*)</style>", page, re.S)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    policy = dict(PAGES.headers)["content-security-policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';") and "unsafe" not in policy
    assert '<h1 lang="ar" dir="rtl">مرحبا</h1>' in page
    assert "style=" not in page.replace("<style>", "")


def test_nothing_comes_from_elsewhere():
    page = PAGES.error(404, "Not Found", "There is nothing here.").decode()
    assert re.findall(r'(?:src|href)="(?!/"|data:)', page) == []


def test_the_migration_greets_in_sixty_languages_and_more():
    sql = (Path(evenly.webapp.__file__).parent / "migrations" / "0001_greetings.sql").read_text("utf-8")
    rows = re.findall(r"^    \('([\w-]+)', '([^']+)'\)", sql, re.M)
    assert len({language for language, _ in rows}) == len(rows) >= 60
    assert sum(direction(language) == "rtl" for language, _ in rows) >= 4
