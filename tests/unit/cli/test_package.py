"""`evenly package` and `evenly lint` of an environment on AWS: files, words and exit codes. Nothing is asked of AWS,
and nothing is downloaded: the wheels are there, as empty folders."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evenly.aws.linting.findings import Severity, TemplateFinding
from evenly.aws.packages.bundles import DIGITS, FOLDER, REQUIREMENTS
from evenly.cli.lintaws import as_finding

Evenly = Callable[..., Any]
MANIFEST = """
name: shop
app: {serve: "evenly.webapp:app"}
environments:
  staging: {target: aws, region: eu-west-1}
"""


@pytest.fixture
def project(evenly: Evenly) -> Evenly:
    Path("evenly.yaml").write_text(MANIFEST)
    for path in FOLDER.glob(f"*/{REQUIREMENTS}"):
        digits = hashlib.sha256(path.read_bytes()).hexdigest()[:DIGITS]
        Path(".evenly/wheels", digits).mkdir(parents=True)
    return evenly


def test_it_writes_the_templates_and_says_what_they_are(project: Evenly) -> None:
    ran = project("package", "-e", "staging", "--out", "build/aws")
    assert ran.code == 0
    assert ran.out.splitlines()[0].startswith("shop-staging-foundation  ")
    assert ran.err.endswith("Next: evenly lint -e staging, evenly plan -e staging\n")
    index = json.loads(Path("build/aws/package.json").read_text())
    assert all(Path("build/aws", it["template"]).exists() for it in index["stacks"])


def test_json_is_the_index_alone(project: Evenly) -> None:
    ran = project("package", "-e", "staging", "--out", "out", "--json")
    assert json.loads(ran.out) == json.loads(Path("out/package.json").read_text())


def test_the_environment_here_has_no_templates(project: Evenly) -> None:
    ran = project("package", "--out", "out")
    assert ran.code == 2
    assert ran.err.startswith("evenly: --env: local is on this machine, and has no templates.")


def test_a_folder_of_somebody_elses_is_left_alone(project: Evenly) -> None:
    Path("out").mkdir()
    Path("out/mine.txt").write_text("mine")
    ran = project("package", "-e", "staging", "--out", "out")
    assert ran.code == 2
    assert ran.err.startswith(
        "evenly: out: there is something in it that is no package of Evenly's: mine.txt."
    )


@pytest.mark.parametrize("arguments", [("deploy", "-e", "staging"), ("-e", "staging", "deploy")])
def test_what_to_try_names_the_environment(project: Evenly, arguments: tuple[str, ...]) -> None:
    Path("none.json").write_text("[]")
    ran = project(*arguments, "--plan", "none.json")
    assert ran.code == 2
    assert ran.err.endswith("Try: Make one: evenly plan -e staging --out FILE.\n")


def test_lint_looks_at_the_templates_too(project: Evenly) -> None:
    """With what was found of ours kept, so that cfn-lint has one small template to look at."""
    Path("stacks").mkdir()
    bucket = "{'Resources': {'Files': {'Type': 'AWS::S3::Bucket', 'Properties': {}}}}"
    Path("stacks/own.py").write_text(f"def template(topology):\n    return {bucket}\n")
    ran = project("lint", "-e", "staging")
    assert ran.code == 2
    assert "error: own.Files: The bucket can be made public." in ran.out
    told = json.loads(project("lint", "-e", "staging", "--json").out)
    assert {it["path"].partition(".")[0] for it in told} == {"own"}


def test_a_finding_names_its_place_and_its_rule() -> None:
    found = TemplateFinding("network", "PublicA", "some_rule", Severity.ERROR, "It is open.", "Close it.")
    told = as_finding(found)
    assert (told.path, told.what, told.try_) == ("network.PublicA", "It is open.", "Close it. (some_rule)")
    whole = TemplateFinding("network", "", "some_rule", Severity.WARNING, "It is large.", "Split it.")
    assert as_finding(whole).path == "network"
