"""A plan as a page, and as Markdown: what is grave comes first, and nothing in it can steer a terminal or a page."""

from typing import Any

import click
from msgspec.structs import replace

from evenly.aws.changes.access import access_changes
from evenly.aws.changes.estimate import estimate
from evenly.aws.changes.losses import marks
from evenly.aws.changes.plan import Certainty, Drifted, LeftStack, Plan, StackPlan
from evenly.aws.changes.provisional import Held, added, difference
from evenly.cli.planmarkdown import MOST, plan_markdown
from evenly.cli.plantext import plan_lines

ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "Policies": [
            {"PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}}
        ]
    },
}
GROUP = {
    "Type": "AWS::EC2::SecurityGroup",
    "Properties": {
        "SecurityGroupIngress": [{"CidrIp": "0.0.0.0/0", "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}]
    },
}


def topic(name: str) -> dict[str, Any]:
    return {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": name}}


def bucket(name: str) -> dict[str, Any]:
    return {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}


def stack(concern: str, old: dict[str, Any] | None, new: dict[str, Any], why: str | None = None) -> StackPlan:
    before, after = {"Resources": old or {}}, {"Resources": new}
    changes = added(after) if old is None else difference(Held(before, {}), Held(after, {}))
    return StackPlan(
        concern=concern,
        stack=f"shop-staging-{concern}",
        region="eu-west-1",
        certainty=Certainty.EXACT if why is None else Certainty.PROVISIONAL,
        why=why,
        changes=changes,
        access=access_changes(changes, before, after),
        marks=marks(changes, before, after),
        template="0" * 64,
        parameters={},
        updated=None if old is None else "2026-01-01T00:00:00+00:00",
        change_set=None,
    )


def plan(*stacks: StackPlan, **more: Any) -> Plan:
    said = {
        "id": "0123456789ab",
        "service": "shop",
        "environment": "staging",
        "account": "123456789012",
        "region": "eu-west-1",
        "made": "2026-01-01T00:00:00+00:00",
        "waves": tuple((it.concern,) for it in stacks),
        "stacks": stacks,
        "estimate": estimate([({"Resources": {"N": {"Type": "AWS::EC2::NatGateway"}}}, {})], "eu-west-1"),
    }
    return Plan(**{**said, **more})


FULL = plan(
    stack(
        "data",
        {"Things": bucket("a"), "Old": topic("o"), "Note": topic("n")},
        {"Things": bucket("b"), "Note": topic("m")},
    ),
    stack("service", None, {"Role": ROLE, "Group": GROUP}, "It is not there yet."),
    left=(LeftStack("queue", "shop-staging-queue", "eu-west-1"),),
    notes=("Mind the step.",),
)


def page(it: Plan) -> list[str]:
    return [click.unstyle(line) for line in plan_lines(it)]


def test_the_page_is_gravest_first() -> None:
    lines = page(FULL)
    assert lines[:2] == [
        "shop, staging: account 123456789012, eu-west-1",
        "1 replaced, 1 removed, 1 changed and 2 added, in 2 stacks: 1 exact and 1 provisional",
    ]
    assert lines[3:5] == [
        "THIS LOSES DATA",
        "  data: Things (AWS::S3::Bucket) is replaced: the new one is empty, and the old one goes with its data.",
    ]
    [start] = [place for place, line in enumerate(lines) if line.startswith("data  exact")]
    assert [" ".join(line.split()) for line in lines[start + 1 : start + 4]] == [
        "! replaced Things AWS::S3::Bucket BucketName: a -> b",
        "- removed Old AWS::SNS::Topic",
        "~ changed Note AWS::SNS::Topic DisplayName: n -> m",
    ]


def test_iam_and_security_groups_stand_by_themselves() -> None:
    lines = page(FULL)
    place = lines.index("IAM: who may do what")
    assert lines[place + 1 : place + 3] == [
        "  service: Role (AWS::IAM::Role) is added",
        "    + Allow s3:* on *",
    ]
    place = lines.index("Security groups: who reaches whom")
    assert lines[place + 2] == "    + in from 0.0.0.0/0, tcp 443"


def test_the_rest_is_said_too() -> None:
    text = "\n".join(page(FULL))
    assert "service  provisional. It is not there yet." in text
    assert "the manifest asks for queue no longer, and shop-staging-queue is there" in text
    assert "About $36 a month, an estimate (list prices of" in text
    assert "Mind the step." in text


def test_many_that_are_only_added_are_told_as_how_many_of_what() -> None:
    many = {f"Topic{n:02}": topic("t") for n in range(40)}
    lines = page(plan(stack("queue", None, many, "It is not there yet.")))
    assert sum("Topic" in line for line in lines) == 11 + 1
    assert "  + and 29 more: 29 AWS::SNS::Topic" in lines


def test_nothing_to_do_is_said_and_drift_all_the_same() -> None:
    still = replace(
        stack("data", {}, {}),
        drift=(Drifted("It", "T", "A.B", "1", "2"), Drifted("Gone", "T", None, None, None)),
    )
    lines = page(plan(still))
    assert lines[1] == "Nothing to do: AWS has what the manifest says."
    assert "  data: It (T) A.B is 2, and was to be 1" in lines
    assert "  data: Gone (T) is gone" in lines


def test_long_values_are_cut_and_nothing_steers_the_terminal() -> None:
    evil = stack("data", {"N": topic("x")}, {"N": topic("\x1b[2J" + "y" * 200)})
    lines = page(plan(evil))
    [row] = [line for line in lines if "DisplayName" in line]
    assert "\x1b" not in row
    assert len(row) < 150


def test_markdown_has_what_is_grave_in_the_open() -> None:
    text = plan_markdown(FULL)
    assert text.index("**This loses data.**") < text.index("### data")
    table, _, folded = text.partition("<details>")
    assert "| **replaced** | `Things` | `AWS::S3::Bucket` | `BucketName`: `a` → `b` |" in table
    assert "`Note`" in folded
    assert "```diff\n# service: Role (AWS::IAM::Role), add\n+ Allow s3:* on *\n```" in text


def test_nothing_in_it_is_markup() -> None:
    evil = stack("data", {"N": topic("x")}, {"N": topic("a|b`c\n\n# d")})
    [row] = [line for line in plan_markdown(plan(evil)).splitlines() if "DisplayName" in line]
    assert row == "| changed | `N` | `AWS::SNS::Topic` | `DisplayName`: `x` → `a\\|b'c # d` |"
    role = {
        **ROLE,
        "Properties": {
            "Policies": [{"PolicyDocument": {"Statement": [{"Effect": "```\n# x", "Action": "a"}]}}]
        },
    }
    assert "\n# x" not in plan_markdown(plan(stack("service", None, {"Role": role})))
    noted = plan_markdown(plan(stack("data", {}, {}), notes=("<b>*x*</b>",)))
    assert "\\<b\\>\\*x\\*\\</b\\>" in noted


def test_markdown_fits_into_a_comment() -> None:
    many = {f"Topic{n}": topic("t" * 100) for n in range(2000)}
    text = plan_markdown(plan(stack("queue", {name: topic("u") for name in many}, many)))
    assert MOST * 0.99 < len(text) < 65_536
    assert text.count("<details>") == text.count("</details>") == 1
    assert text.endswith("see the saved plan.*")
