"""Options that belong to one target are refused on the other, before anything is asked of either; and what status and
down say of stacks."""

from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from evenly.aws.cloud.facts import StackFacts
from evenly.aws.operations.leaving import Held, Leaving, Left
from evenly.aws.operations.looking import CloudStatus, StackStatus
from evenly.aws.operations.standing import Standing
from evenly.cli.clouddown import foreseen_lines, left_lines
from evenly.cli.cloudstatus import status_lines

MANIFEST = "name: shop\nenvironments:\n  staging: {target: aws, region: eu-west-1}\n"


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["plan", "--markdown"], "--markdown"),
        (["plan", "--out", "x.json"], "--out"),
        (["plan", "--no-drift"], "--no-drift"),
        (["plan", "--refresh"], "--refresh"),
        (["plan", "--profile", "work"], "--profile"),
        (["deploy", "--plan", "evenly.yaml"], "--plan"),
        (["deploy", "--yes"], "--yes"),
        (["deploy", "--confirm", "local"], "--confirm"),
        (["deploy", "--build-on-aws"], "--build-on-aws"),
        (["deploy", "--no-verify"], "--no-verify"),
        (["rollback", "--no-verify"], "--no-verify"),
        (["secrets", "list", "--profile", "work"], "--profile"),
        (["down", "--empty-buckets"], "--empty-buckets"),
        (["status", "--profile", "work"], "--profile"),
        (["logs", "--profile", "work"], "--profile"),
        (["open", "--profile", "work"], "--profile"),
    ],
)
def test_an_option_of_aws_is_none_of_this_machine(evenly, arguments: list[str], option: str) -> None:
    Path("evenly.yaml").write_text(MANIFEST)
    ran = evenly(*arguments)
    assert ran.code == 2
    assert f"{option}: it belongs to an environment on AWS." in ran.err


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["plan", "-e", "staging", "--count", "3"], "--count"),
        (["down", "-e", "staging", "--delete-data"], "--delete-data"),
        (["logs", "-e", "staging", "--zone", "a"], "--zone"),
        (["logs", "-e", "staging", "--instance", "i"], "--instance"),
    ],
)
def test_and_the_other_way_round(evenly, arguments: list[str], option: str) -> None:
    Path("evenly.yaml").write_text(MANIFEST)
    ran = evenly(*arguments)
    assert ran.code == 2
    assert f"{option}: it belongs to the environment on this machine." in ran.err


def test_a_plan_that_is_not_there_or_is_none_is_refused_before_aws_is_asked(evenly) -> None:
    Path("evenly.yaml").write_text(MANIFEST)
    assert evenly("deploy", "-e", "staging", "--plan", "no.json").code == 2
    ran = evenly("deploy", "-e", "staging", "--plan", "evenly.yaml")
    assert ran.code == 2
    assert "evenly.yaml: this is no plan" in ran.err


NOW = datetime(2026, 1, 2, tzinfo=UTC)


def status(*stacks: StackStatus, url: str | None = None) -> list[str]:
    found = CloudStatus("shop", "staging", "123456789012", "eu-west-1", url, stacks)
    return [" ".join(click.unstyle(line).split()) for line in status_lines(found, NOW)]


def test_status_tells_each_stack_and_what_is_wrong_with_it() -> None:
    lines = status(
        StackStatus(
            "foundation",
            "s-f",
            "eu-west-1",
            True,
            Standing.READY,
            "UPDATE_COMPLETE",
            None,
            "2026-01-01T00:00:00Z",
            True,
        ),
        StackStatus(
            "data", "s-d", "eu-west-1", True, Standing.STUCK, "UPDATE_ROLLBACK_FAILED", "no \x1b[2Jway back"
        ),
        StackStatus("service", "s-s", "eu-west-1", True, Standing.ABSENT),
        StackStatus("queue", "s-q", "eu-west-1", False, Standing.READY, "CREATE_COMPLETE"),
        url="https://shop.example.com",
    )
    assert lines == [
        "shop, staging: account 123456789012, eu-west-1",
        "https://shop.example.com",
        "",
        "foundation there UPDATE_COMPLETE changed 1 d ago protected",
        "data needs you UPDATE_ROLLBACK_FAILED",
        "service not there",
        "queue there, and asked for no longer CREATE_COMPLETE",
        "s-d: no \\x1b[2Jway back",
    ]


def held(name: str, *, protected: bool = False) -> Held:
    return Held(
        name,
        "eu-west-1",
        StackFacts("id", f"shop-{name}", "CREATE_COMPLETE", None, "", is_protected=protected),
        {},
        (),
    )


def test_down_tells_beforehand_what_goes_and_what_stays() -> None:
    left = (Left("data", "Database", "AWS::RDS::DBInstance", "db-1", "snapshot"),)
    leaving = Leaving(((held("service"),), (held("data", protected=True),)), left, ("logs-1",))
    assert foreseen_lines(leaving, empty=False) == [
        "These stacks go, in this order: shop-service, shop-data.",
        "Termination protection is taken off shop-data.",
        "Deleted only if they are empty (--empty-buckets empties them): logs-1.",
        "This stays, and costs money until you delete it:",
        "  db-1  AWS::RDS::DBInstance  a last snapshot of it is kept",
    ]
    assert "Emptied first, of all versions: logs-1." in foreseen_lines(leaving, empty=True)
    assert left_lines(()) == ["Nothing of it stays that costs money."]
