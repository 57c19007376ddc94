"""What lint says of error pages: too large, not readable, not found, or leaning on what is elsewhere."""

from pathlib import Path

import pytest

from evenly.manifest.errorpages import LARGEST_PAGE_BYTES
from evenly.manifest.lint import Severity, lint
from evenly.manifest.linting.markup import read_markup
from evenly.manifest.types import Http, Manifest

MANIFEST = Manifest(name="hello", http=Http(error_pages="errors"))
GOOD = '<!doctype html><meta charset="utf-8"><title>Oh</title><img src="/logo.png"><a href="https://else.where/">x</a>'


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "errors"
    folder.mkdir()
    for name in ("4xx.html", "5xx.html"):
        (folder / name).write_text(GOOD)
    return folder


def found(pages: Path) -> list[tuple[Severity, str]]:
    return [(it.severity, it.what) for it in lint(MANIFEST, pages.parent) if it.path == "http.error_pages"]


def test_good_pages_have_no_findings(pages):
    assert found(pages) == []


def test_a_page_that_fits_exactly_is_good_and_one_byte_more_is_not(pages):
    (pages / "404.html").write_text(GOOD.ljust(LARGEST_PAGE_BYTES))
    assert found(pages) == []
    (pages / "404.html").write_text(GOOD.ljust(LARGEST_PAGE_BYTES + 1))
    assert found(pages) == [(Severity.ERROR, "404.html has 31 KiB; the balancer takes at most 30 KiB.")]


def test_what_is_not_utf_8_is_an_error(pages):
    (pages / "404.html").write_bytes(GOOD.encode() + "é".encode("latin-1"))
    assert found(pages) == [(Severity.ERROR, "404.html is not UTF-8 text.")]


@pytest.mark.parametrize("name", ["200.html", "40.html", "4XX.html", "404.htm", "not-found.html", "6xx.html"])
def test_a_name_that_is_no_status_is_told(pages, name):
    (pages / name).write_text(GOOD)
    assert found(pages) == [(Severity.WARNING, f"{name} is the page of no status.")]


def test_missing_pages_are_told(pages):
    (pages / "5xx.html").rename(pages / "500.html")
    (pages / "4xx.html").unlink()
    assert [what for _, what in found(pages)] == [
        "there is no page for what is not there: the built-in one is shown.",
        "there is no page for a service that is away: the built-in one is shown.",
    ]


def test_an_empty_folder_and_an_empty_page_are_told(pages):
    (pages / "4xx.html").write_text("\n")
    assert found(pages) == [(Severity.WARNING, "4xx.html is empty.")]
    for page in pages.iterdir():
        page.unlink()
    assert found(pages) == [(Severity.WARNING, "there is no page in errors.")]


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    assert [it.what for it in lint(MANIFEST, tmp_path)] == ["the folder errors does not exist."]


@pytest.mark.parametrize(
    "markup",
    [
        '<script src="https://cdn.example/x.js"></script>',
        "<img src=//cdn.example/x.png>",
        '<img srcset="/small.png 1x, HTTPS://cdn.example/x.png 2x">',
        '<link rel="stylesheet" href=" https://cdn.example/x.css">',
        '<link rel="apple-touch-icon" href="http://cdn.example/x.png">',
        "<style>@font-face { src: url( 'https://cdn.example/x.woff2' ) }</style>",
        '<style>@import "//cdn.example/x.css";</style>',
        '<p style="background: url(https://cdn.example/x.png)">',
        '<svg><image href="https://cdn.example/x.svg"/></svg>',
        '<video poster="https://cdn.example/x.jpg"></video>',
        '<iframe src="https://cdn.example/"></iframe>',
    ],
)
def test_what_a_page_loads_from_elsewhere_is_found(pages, markup):
    (pages / "404.html").write_text(GOOD + markup)
    told = [what for _, what in found(pages)]
    assert told[0].startswith("404.html loads from elsewhere, and browsers are told not to: ")
    assert "cdn.example" in told[0].lower()


@pytest.mark.parametrize(
    "markup",
    [
        '<a href="https://status.example/">status</a>',
        '<link rel="canonical" href="https://example.com/">',
        "<!-- <img src='https://cdn.example/x.png'> -->",
        "<style>/* url(https://cdn.example/x.png) */ p { background: url(/x.png) }</style>",
        '<img src="data:image/png;base64,AA//">',
        "<p>url(https://cdn.example/x.png)</p>",
    ],
)
def test_what_only_looks_like_it_is_not(markup):
    assert read_markup(markup).remote == ()


@pytest.mark.parametrize("markup", ["<script>1</script>", "<p onclick='x()'>", "<a href=' JavaScript:x()'>"])
def test_a_script_is_told(pages, markup):
    (pages / "404.html").write_text(GOOD + markup)
    assert "404.html has a script, and browsers are told to run none." in [what for _, what in found(pages)]


@pytest.mark.parametrize(
    ("markup", "charset"),
    [
        ("<meta charset=UTF-8>", "utf-8"),
        ("<meta http-equiv='Content-Type' content='text/html; charset=latin1'>", "latin1"),
        ("<title>x</title>", None),
    ],
)
def test_the_charset_is_read(pages, markup, charset):
    assert read_markup(markup).charset == charset
    (pages / "404.html").write_text(markup)
    assert bool(found(pages)) == (charset != "utf-8")
