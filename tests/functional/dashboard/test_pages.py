"""Pages, statics and reports over the wire: what comes out, and what never does."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests import report_data as data
from tests.dashboard_world import TOKEN, FakeTarget
from tests.functional.dashboard.reading import ask

from evenly.dashboard.app import STATIC
from evenly.dashboard.guard import POLICY
from evenly.verify.keeping import keep

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_the_page_and_its_parts_come_with_their_headers(url: str) -> None:
    for name in ("", "dashboard.css", *(it.name for it in STATIC.glob("*.js"))):
        answer = ask(url + name)
        assert answer.status == 200, name
        assert answer.body == (STATIC / (name or "index.html")).read_bytes()
        assert answer.headers["Content-Security-Policy"] == POLICY
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"


def test_each_part_says_what_it_is(url: str) -> None:
    assert ask(url).headers["Content-Type"] == "text/html; charset=utf-8"
    assert ask(url + "dashboard.css").headers["Content-Type"] == "text/css; charset=utf-8"
    assert ask(url + "main.js").headers["Content-Type"] == "text/javascript; charset=utf-8"


@pytest.mark.parametrize(
    "path",
    [
        "__init__.py",
        "../app.py",
        "..%2fapp.py",
        "%2e%2e/app.py",
        "..\\app.py",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "static/main.js",
        "./main.js",
        "main.js/",
        "main.js%00",
        "reports/",
        "reports/..%2f..%2fapp.py",
        "reports/../main.js",
        "reports/index.html",
    ],
)
def test_no_other_file_comes_out(url: str, path: str, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("not on the shelf")
    answer = ask(url + path)
    assert (answer.status, answer.body) == (404, b"")


def test_without_the_token_there_is_nothing(url: str) -> None:
    root = url.removesuffix(f"{TOKEN}/")
    for path in ("", TOKEN, "x" * len(TOKEN) + "/", f"{TOKEN[:-1]}/", f"{TOKEN}x/events", "events", "drills"):
        for method in ("GET", "POST", "DELETE"):
            answer = ask(root + path, method)
            assert (answer.status, answer.body) == (404, b""), (method, path)


@pytest.mark.parametrize("host", ["localhost:80", "evil.example", "127.0.0.1", "evil.example:{port}"])
def test_by_another_name_there_is_nothing(url: str, host: str) -> None:
    port = url.split(":")[2].partition("/")[0]
    for path in ("", "events", "main.js"):
        assert ask(url + path, Host=host.format(port=port)).status == 404


@pytest.mark.parametrize("origin", ["", "null", "http://evil.example", "https://127.0.0.1"])
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_another_site_changes_nothing(target: FakeTarget, url: str, method: str, origin: str) -> None:
    answer = ask(url + "drills", method, {"kind": "zone"}, Origin=origin)
    assert (answer.status, answer.body) == (403, b"") and target.asked == 0


def test_a_report_comes_with_a_policy_of_its_own(url: str, tmp_path: Path) -> None:
    page = keep(tmp_path, "drill", data.drills(data.failed_drill()), "<p>a report</p>", AT).page
    answer = ask(f"{url}reports/{page.name}")
    assert (answer.status, answer.body) == (200, b"<p>a report</p>")
    (policy,) = answer.headers.get_all("Content-Security-Policy")
    assert "default-src 'none'" in policy and "script-src" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert ask(f"{url}reports/{page.with_suffix('.json').name}").status == 404
    page.unlink()
    assert ask(f"{url}reports/{page.name}").status == 404
