"""What checkov, which is not ours and knows other rules, finds in the templates of every case: nothing, but for the
exceptions that have a reason. It runs in an environment of its own (scripts/tools.py), and asks nobody.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.golden.aws.cases import cases, packaged

from evenly.aws.exceptions import EXCEPTIONS, excepted

PROGRAM = Path(__file__).resolve().parents[3] / ".tools" / "checkov" / "bin" / "checkov"
QUIETLY = ["--framework", "cloudformation", "--output", "json", "--compact", "--quiet", "--skip-download"]

Found = tuple[str, str, str, str]  # case, stack, resource, check


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("templates")
    for case in cases():
        (folder / case).mkdir()
        for it in packaged(case).stacks:
            (folder / case / f"{it.concern}.yaml").write_text(it.text)
    command = [str(PROGRAM), "--directory", str(folder), *QUIETLY]
    surroundings = {**os.environ, "HOME": str(folder), "LOG_LEVEL": "ERROR"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=170, env=surroundings)
    assert done.returncode in (0, 1), done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.fixture(scope="module")
def found(report: dict[str, Any]) -> set[Found]:
    return {
        (*Path(it["file_path"]).with_suffix("").parts[-2:], it["resource"].rpartition(".")[2], it["check_id"])
        for it in report["results"]["failed_checks"]
    }


def test_it_has_read_every_template(report: dict[str, Any]) -> None:
    assert report["results"].get("parsing_errors", []) == []
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 100


def test_it_finds_nothing_that_has_no_reason(found: set[Found]) -> None:
    assert not {it for it in found if excepted(*it[1:]) is None}


def test_no_exception_has_outlived_its_finding(found: set[Found]) -> None:
    needed = {(id(excepted(stack, resource, check))) for _, stack, resource, check in found}
    listed = [it for it in EXCEPTIONS if it.what.startswith(("CKV_", "CKV2_"))]
    assert [it for it in listed if id(it) not in needed] == []
