"""`evenly open reports`: the list, its page, and what it says when there is nothing to list."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests import report_data as data

from evenly.cli.reports import has_display
from evenly.verify.keeping import keep, reports_folder

Evenly = Callable[..., Any]
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def kept(evenly: Evenly) -> Path:
    """A verification and, later, a load; what the verification left has its page."""
    folder = reports_folder(Path.cwd())
    keep(folder, "verify", data.verification(), "the page", AT)
    keep(folder, "load", data.load_report(), None, AT + timedelta(hours=1))
    return folder


def test_without_a_report_it_says_what_makes_one(evenly: Evenly) -> None:
    ran = evenly("open", "reports")
    assert ran.code == 3
    assert (
        "there is no report yet" in ran.err
        and "evenly verify, evenly drill instance, or evenly load" in ran.err
    )
    assert not reports_folder(Path.cwd()).exists()


def test_it_lists_the_newest_first_with_verdict_and_page(evenly: Evenly, kept: Path) -> None:
    ran = evenly("open", "reports", "--print")
    assert (ran.code, ran.err) == (0, "")
    load, verify, index = ran.out.splitlines()
    assert load.startswith("2026-03-01 13:00:00 UTC  load    passed  None of 2,800 requests failed")
    assert load.endswith("  .evenly/reports/20260301T130000.000Z-load.html")
    assert verify.split("  ")[:4] == [
        "2026-03-01 12:00:00 UTC",
        "verify",
        "failed",
        "1 of 7 checks failed, 1 skipped.",
    ]
    assert index == ".evenly/reports/index.html" and (kept / "index.html").exists()


def test_as_data(evenly: Evenly, kept: Path) -> None:
    ran = evenly("open", "reports", "--json")
    told = json.loads(ran.out)
    assert [it["kind"] for it in told] == ["load", "verify"]
    assert told[1] == {
        "at": "2026-03-01T12:00:00.000Z",
        "kind": "verify",
        "about": "local",
        "verdict": "failed",
        "sentence": "1 of 7 checks failed, 1 skipped.",
        "data": str(kept / "20260301T120000.000Z-verify.json"),
        "page": str(kept / "20260301T120000.000Z-verify.html"),
    }


def test_it_opens_the_list_unless_it_is_only_to_print(kept: Path, tmp_path: Path) -> None:
    opened, browser = tmp_path / "opened", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(0o755)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "evenly", "open", *words]
        surroundings = os.environ | {"BROWSER": f"{browser} %s"}
        return subprocess.run(command, env=surroundings, text=True, capture_output=True, check=True)

    for words in (["--print", "reports"], ["reports", "--print"], ["reports", "--json"]):
        run(*words)
        assert not opened.exists(), words
    assert run("reports").stderr == ""
    assert opened.read_text().strip() == (kept / "index.html").as_uri()


def test_without_a_display_it_says_so(kept: Path) -> None:
    surroundings = {
        name: it for name, it in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    }
    command = [sys.executable, "-m", "evenly", "open", "reports"]
    ran = subprocess.run(command, env=surroundings, text=True, capture_output=True, check=True)
    assert ran.stdout.endswith("index.html\n")
    assert ran.stderr == "No browser could be opened here: open the pages above yourself.\n"


@pytest.mark.parametrize(
    ("variables", "platform", "there"),
    [
        ([], "linux", False),
        (["DISPLAY"], "linux", True),
        (["WAYLAND_DISPLAY"], "linux", True),
        (["BROWSER"], "linux", True),
        ([], "darwin", True),
    ],
)
def test_where_a_browser_can_open(variables: list[str], platform: str, there: bool) -> None:
    assert has_display(variables, platform) is there
