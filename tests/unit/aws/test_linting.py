"""`evenly lint -e ENV`: rules, schemas and exceptions together, and what is kept between two runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.unit.aws.packageworld import packaged, topology, write

from evenly.aws.exceptions.excepted import Excepted
from evenly.aws.linting.excused import excused, own_exceptions
from evenly.aws.linting.findings import Severity, TemplateFinding
from evenly.aws.linting.lint import lint
from evenly.aws.linting.rules import rule_files
from evenly.aws.linting.schemas import run_worker, schema_findings, shared
from evenly.aws.packages.packaging import Packaged
from evenly.errors import UsageError

OPEN = """
def template(topology):
    return {"Resources": {"Files": {"Type": "AWS::S3::Bucket", "Properties": {}}}}
"""
RULE = """
let topics = Resources.*[ Type == 'AWS::SNS::Topic' ]

# Our topics have names.
# Try: Set TopicName.
rule topic_has_a_name when %topics !empty {
    %topics { Properties.TopicName exists }
}
"""
TOPIC = (
    "def template(t):\n    return {'Resources': {'Topic': {'Type': 'AWS::SNS::Topic', 'Properties': {}}}}\n"
)


class Schemas:
    """cfn-lint, without its seconds: remembers what it was asked, and finds what it is told to."""

    def __init__(self, *found: TemplateFinding) -> None:
        self.asked: list[str] = []
        self._found = found

    def __call__(self, stacks: Sequence[Packaged]) -> tuple[TemplateFinding, ...]:
        names = [it.concern for it in stacks]
        self.asked += names
        return tuple(it for it in self._found if it.stack in names)


def told(project: Path, schemas: Schemas | None = None) -> set[tuple[str, str, str]]:
    found = lint(packaged(project), project, schemas or Schemas())
    return {(it.stack, it.resource, it.rule) for it in found}


def test_ours_has_no_finding(tmp_path: Path) -> None:
    assert told(tmp_path) == set()


def test_what_the_user_adds_is_looked_at_like_ours(tmp_path: Path) -> None:
    write(tmp_path / "stacks" / "own.py", OPEN)
    found = told(tmp_path)
    assert {("own", "Files", "bucket_is_private"), ("own", "Files", "bucket_has_a_policy")} <= found


def test_what_the_user_overrides_is_looked_at_like_ours(tmp_path: Path) -> None:
    change = '[{"op": "remove", "path": "/Resources/Key/Properties/EnableKeyRotation"}]'
    write(tmp_path / "overrides" / "foundation.json", change)
    assert told(tmp_path) == {("foundation", "Key", "key_rotates")}


def test_the_users_rules_come_on_top(tmp_path: Path) -> None:
    write(tmp_path / "stacks" / "own.py", TOPIC)
    write(tmp_path / "policies" / "topics.guard", RULE)
    (found,) = [it for it in lint(packaged(tmp_path), tmp_path, Schemas()) if it.rule == "topic_has_a_name"]
    assert (found.stack, found.resource) == ("own", "Topic")
    assert (found.what, found.try_) == ("Our topics have names.", "Set TopicName.")


def test_a_rule_that_says_nothing_is_told_by_its_message_or_name(tmp_path: Path) -> None:
    write(tmp_path / "stacks" / "own.py", TOPIC)
    said = "rule a { Resources.Topic.Properties.X exists <<Topics have an X.>> }\n"
    silent = "rule b { Resources.Topic.Y exists }\n"
    write(tmp_path / "policies" / "plain.guard", said + silent)
    found = {it.rule: it.what for it in lint(packaged(tmp_path), tmp_path, Schemas()) if it.stack == "own"}
    assert found["a"] == "Topics have an X."
    assert found["b"] == "It breaks the rule b."


def test_a_rule_that_depends_on_the_manifest(tmp_path: Path) -> None:
    write(
        tmp_path / "policies" / "zones.guard",
        "rule three when Evenly.production == true { Evenly.zones == 3 }\n",
    )
    assert {rule for _, _, rule in told(tmp_path)} == {"three"}
    assert {it.rule for it in lint(packaged(tmp_path, topology(zones=3)), tmp_path, Schemas())} == set()


def test_rules_that_cant_be_read_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "policies" / "own.guard", "rule one when {")
    with pytest.raises(UsageError) as raised:
        told(tmp_path)
    assert raised.value.where == "policies/own.guard"


def test_a_rule_of_the_name_of_ours_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "policies" / "own.guard", "rule bucket_is_private { Resources exists }\n")
    with pytest.raises(UsageError, match="another rule bucket_is_private"):
        rule_files(tmp_path)


# --- exceptions


def exceptions(project: Path, text: str) -> None:
    write(project / "policies" / "exceptions.yaml", text)


def test_an_exception_excuses_what_it_names_and_no_more(tmp_path: Path) -> None:
    write(tmp_path / "stacks" / "own.py", OPEN)
    one = "- {stack: own, resource: Fil*, rule: bucket_is_private, reason: It is a shop window.}\n"
    before = told(tmp_path)
    exceptions(tmp_path, one)
    assert told(tmp_path) == before - {("own", "Files", "bucket_is_private")}


def test_an_exception_of_one_environment_is_none_elsewhere(tmp_path: Path) -> None:
    write(tmp_path / "stacks" / "own.py", OPEN)
    staging = "- {stack: own, resource: Files, rule: bucket_is_private, reason: x, environment: staging}\n"
    exceptions(tmp_path, staging)
    assert ("own", "Files", "bucket_is_private") in told(tmp_path)


def test_an_exception_that_excuses_nothing_is_a_finding(tmp_path: Path) -> None:
    exceptions(tmp_path, "- {stack: network, resource: Gone, rule: bucket_is_private, reason: x}\n")
    (found,) = lint(packaged(tmp_path), tmp_path, Schemas())
    assert (found.rule, found.severity) == ("exception_excuses_something", Severity.WARNING)


@pytest.mark.parametrize(
    "text",
    [
        "- {stack: network, resource: Gone, rule: x}\n",
        "- {stack: network, resource: Gone, rule: x, reason: ' '}\n",
        "- {stack: network, resource: Gone, rule: x, reason: y, because: z}\n",
        "stack: network\n",
        "- [\n",
    ],
)
def test_an_exception_without_a_reason_is_none(tmp_path: Path, text: str) -> None:
    exceptions(tmp_path, text)
    with pytest.raises(UsageError) as raised:
        own_exceptions(tmp_path)
    assert raised.value.where == "policies/exceptions.yaml"


def test_ours_excuse_too(tmp_path: Path) -> None:
    package = packaged(tmp_path)
    found = TemplateFinding("foundation", "Key", "key_rotates", Severity.ERROR, "x", "y")
    ours = Excepted("foundation", "Key", "key_rotates", "because")
    assert excused([found], package, ()) == (found,)
    known: Any = {("foundation", "Key", "key_rotates"): ours}
    assert excused([found], package, (), lambda *it: known.get(it)) == ()


# --- what is kept


def test_what_is_unchanged_is_not_looked_at_again(tmp_path: Path) -> None:
    warned = TemplateFinding("own", "Files", "W3010", Severity.WARNING, "x", "y")
    write(tmp_path / "stacks" / "own.py", OPEN)
    first, second = Schemas(warned), Schemas()
    before = told(tmp_path, first)
    assert ("own", "Files", "W3010") in before
    assert told(tmp_path, second) == before
    assert second.asked == []


def test_what_changed_is_looked_at_alone(tmp_path: Path) -> None:
    write(tmp_path / "stacks" / "own.py", OPEN)
    told(tmp_path)
    write(tmp_path / "stacks" / "own.py", OPEN.replace("Files", "Others"))
    again = Schemas()
    assert ("own", "Others", "bucket_is_private") in told(tmp_path, again)
    assert again.asked == ["own"]


def test_a_new_rule_is_asked_of_everything(tmp_path: Path) -> None:
    told(tmp_path)
    write(tmp_path / "policies" / "own.guard", "rule own { Resources.Never exists }\n")
    assert {rule for _, _, rule in told(tmp_path)} == {"own"}


def test_a_damaged_file_of_what_is_kept_is_none(tmp_path: Path) -> None:
    told(tmp_path)
    kept = tmp_path / ".evenly" / "production" / "lint.json"
    assert kept.exists()
    kept.write_text("{")
    again = Schemas()
    told(tmp_path, again)
    assert "foundation" in again.asked


# --- cfn-lint


def test_the_templates_are_shared_out_by_their_size(tmp_path: Path) -> None:
    stack = packaged(tmp_path).stack("foundation")
    sized = [Packaged(str(size), "x", "eu-west-1", {}, "x" * size, {}) for size in (9, 5, 4, 1)]
    assert [[job["stack"] for job in share] for share in shared(sized, 2)] == [["9", "1"], ["5", "4"]]
    assert len(shared([stack], 4)) == 1


def test_it_finds_what_no_rule_of_ours_knows() -> None:
    """The real one, in its process, on one small template: a property that the schema does not have."""
    text = (
        "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Properties:\n      TopicNam: x\n"
        "  Group:\n    Type: AWS::Nothing::There\n"
    )
    body = Packaged("own", "shop-production-own", "eu-west-1", {}, text, {})
    found = {(it.resource, it.rule, it.severity) for it in schema_findings([body])}
    assert found == {("Topic", "E3002", Severity.ERROR), ("Group", "E3006", Severity.ERROR)}


def test_a_config_of_the_project_does_not_decide_what_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".cfnlintrc").write_text("ignore_checks: [E3002]\n")
    text = "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Properties:\n      TopicNam: x\n"
    (found,) = run_worker([{"stack": "own", "region": "eu-west-1", "text": text}])
    assert found["rule"] == "E3002"
