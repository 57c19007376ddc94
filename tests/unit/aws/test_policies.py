"""Every policy rule of ours: passes what is right, and fails each of the faults in the file of its name beside this
one.

A rule that selects nothing is skipped, and would pass for ever: so what is right has to be looked at by every rule.
"""

import json
from pathlib import Path
from typing import Any

import jsonpatch
import pytest
import yaml
from cfn_guard_rs.cfn_guard_rs import run_checks_rs

from evenly.aws.linting.guard import FACTS, broken
from evenly.aws.linting.rules import OURS, RuleFile, rule_files

HERE = Path(__file__).parent / "policies"
NOWHERE = Path("/nonexistent")
FILES = {it.where.removesuffix(".guard"): it for it in rule_files(NOWHERE)}
CASES = {name: yaml.safe_load((HERE / f"{name}.yaml").read_text()) for name in FILES}
RULES = [(name, rule) for name, file in FILES.items() for rule in file.told]
BREAKS = [
    pytest.param(name, rule, operation, id=f"{rule}-{number}")
    for name, case in CASES.items()
    for rule, operations in case["breaks"].items()
    for number, operation in enumerate(operations, 1)
]


def data(name: str) -> dict[str, Any]:
    case = CASES[name]
    return {**case["good"], FACTS: case.get("facts", {})}


def test_there_are_rules_enough_and_none_without_its_words() -> None:
    assert len(RULES) >= 60
    told = {rule: file.told[rule] for file in FILES.values() for rule in file.told}
    assert [rule for rule, it in told.items() if not it.what or not it.try_] == []
    assert {it.name for it in HERE.glob("*.yaml")} == {f"{it.stem}.yaml" for it in OURS.glob("*.guard")}


@pytest.mark.parametrize("name", FILES)
def test_what_is_right_passes_every_rule_and_is_skipped_by_none(name: str) -> None:
    assert [*broken(data(name), FILES[name])] == []
    report = json.loads(run_checks_rs(json.dumps(data(name)), FILES[name].text, False))
    assert sorted(report["compliant"]) == sorted(FILES[name].told)


@pytest.mark.parametrize("name", FILES)
def test_every_rule_has_a_fault_that_it_finds(name: str) -> None:
    assert CASES[name]["breaks"].keys() == FILES[name].told.keys()


@pytest.mark.parametrize(("name", "rule", "operation"), BREAKS)
def test_the_rule_finds_the_fault_where_it_is(name: str, rule: str, operation: dict[str, Any]) -> None:
    faulty = jsonpatch.apply_patch(json.loads(json.dumps(data(name))), [operation])
    found = {(it, resource) for it, resource, _ in broken(faulty, FILES[name])}
    section, *rest = operation["path"].lstrip("/").split("/")
    where = operation.get("x-found-at", rest[0] if section != FACTS else None)
    assert (rule, where) in found


def test_a_report_that_the_binding_cuts_is_put_together_again() -> None:
    file: RuleFile = FILES["buckets"]
    many = {"Resources": {f"Bucket{n}": {"Type": "AWS::S3::Bucket", "Properties": {}} for n in range(40)}}
    found = {(rule, resource) for rule, resource, _ in broken(many, file)}
    rules = file.told.keys() - {"bucket_refuses_plain_http"}
    assert found == {(rule, f"Bucket{n}") for rule in rules for n in range(40)}
