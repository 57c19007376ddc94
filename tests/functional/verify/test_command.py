"""`evenly verify --url`: what it prints and writes, its exit codes, and checks of one's own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.functional.verify.conftest import Serve
from tests.functional.verify.fault import Fault

Run = Callable[..., subprocess.CompletedProcess[str]]
HEAD = "from evenly.verify import Evidence, FailError, Probe, check\n\n\n"
BREAKS = HEAD + '@check("shop.breaks", "It breaks")\ndef breaks(probe: Probe) -> None:\n    {}["price"]\n'
FAILS = (
    HEAD
    + '@check("shop.price", "Each has a price", advice="evenly database shell")\ndef price(probe: Probe) -> None:\n'
    + '    raise FailError("None has.", Evidence("GET /shop", "200 \\x1b[2J", {"count": 3}))\n'
)


@pytest.fixture
def run(serve: Serve, authority, tmp_path: Path) -> Iterator[Run]:
    """Runs it on a service without a fault, in an empty folder."""
    (tmp_path / "checks").mkdir()
    with serve(Fault("", "nothing is wrong")) as probe:

        def ran(*words: str) -> subprocess.CompletedProcess[str]:
            command = [
                sys.executable,
                "-m",
                "evenly",
                "verify",
                "--url",
                probe.service.url,
                "--ca",
                str(authority.file),
            ]
            return subprocess.run(
                [*command, *words], cwd=tmp_path, env={**os.environ, "COLUMNS": "80"}, capture_output=True, text=True,
                stdin=subprocess.DEVNULL, timeout=60, check=False,
            )  # fmt: skip

        yield ran


def test_it_passes_and_says_what_is_next(run: Run) -> None:
    done = run("tls.chain", "target.healthy")
    assert done.returncode == 0, done.stderr
    assert (
        "  pass     tls.chain       The certificate comes from an authority that is trusted\n" in done.stdout
    )
    assert "  skipped  target.healthy  It needs an environment; only an address was given.\n" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 check passed and 1 skipped in ")
    assert done.stderr.startswith("Next: ")


def test_what_fails_is_shown_with_its_evidence_and_what_to_try(run: Run, tmp_path: Path) -> None:
    (tmp_path / "checks" / "shop.py").write_text(FAILS)
    done = run("shop", "tls.chain")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    begin = lines.index("  fail     shop.price  Each has a price")
    assert [it.strip() for it in lines[begin + 1 : begin + 6]] == [
        "GET /shop",
        "200 \\x1b[2J",
        "count 3",
        "None has.",
        "Try: evenly database shell",
    ]
    assert lines[-1].startswith("1 check passed and 1 failed in ")


def test_json_is_alone_and_the_files_say_the_same(run: Run, tmp_path: Path) -> None:
    (tmp_path / "checks" / "shop.py").write_text(FAILS)
    done = run("shop", "tls", "--json", "--junit", "verify.xml", "--report", "verify.html")
    assert done.returncode == 1
    said = json.loads(done.stdout)
    assert (said["environment"], said["target"]) == (None, None)
    verdicts = {it["id"]: it["verdict"] for it in said["results"]}
    cases = ElementTree.parse(tmp_path / "verify.xml").iter("testcase")  # noqa: S314  our own
    told = {str(it.get("name")).partition(":")[0]: [each.tag for each in it] for it in cases}
    words = {"pass": [], "fail": ["failure"], "skipped": ["skipped"]}
    assert told == {id: words[verdict] for id, verdict in verdicts.items()}
    (kept,) = (tmp_path / ".evenly" / "reports").glob("*-verify.json")
    assert json.loads(kept.read_text())["result"] == said
    assert (tmp_path / "verify.html").read_text() == kept.with_suffix(".html").read_text()
    assert "shop.price" in (tmp_path / "verify.html").read_text()


def test_a_check_that_breaks_fails_and_names_its_log(run: Run, tmp_path: Path) -> None:
    (tmp_path / "checks" / "shop.py").write_text(BREAKS)
    done = run("shop")
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    (log,) = (tmp_path / ".evenly" / "reports").glob("*.log")
    assert f"The check itself broke (KeyError). The details are in {log}." in done.stdout
    assert "KeyError: 'price'" in log.read_text()


def test_a_broken_file_of_checks_is_wrong_use(run: Run, tmp_path: Path) -> None:
    (tmp_path / "checks" / "shop.py").write_text("def broken(:\n")
    done = run("tls")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("evenly: checks/shop.py:1: this file of checks is broken: SyntaxError")
    assert "Traceback" not in done.stderr


def test_the_list_runs_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "checks" / "shop.py").write_text(FAILS)
    done = run("--list", "shop", "tls.name")
    assert done.returncode == 0
    assert done.stdout == "tls.name    The certificate is for this host\nshop.price  Each has a price\n"
    assert json.loads(run("--list", "--json", "shop").stdout) == [
        {"id": "shop.price", "sentence": "Each has a price"}
    ]
    assert not (tmp_path / ".evenly").exists()


@pytest.mark.parametrize(
    "url", ["http://localhost/", "localhost", "https://", "https://a:b@c/", "https://a:x/"]
)
def test_what_is_no_address_is_wrong_use(run: Run, url: str) -> None:
    done = run("--url", url)
    assert done.returncode == 2
    assert "is no address to check" in done.stderr


def test_a_file_that_can_not_be_written_is_wrong_use(run: Run) -> None:
    done = run("tls.name", "--junit", "nowhere/verify.xml")
    assert done.returncode == 2
    assert "--junit: nowhere/verify.xml can't be written" in done.stderr


def test_a_folder_that_can_not_be_written_to_is_no_reason_to_fail(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".evenly").write_text("no folder")
    done = run("tls.name")
    assert done.returncode == 0
    assert "The report could not be kept: " in done.stderr
