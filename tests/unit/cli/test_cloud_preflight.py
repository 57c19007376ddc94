"""What `evenly plan` and `evenly deploy` make of a preflight."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.unit.aws.preflightworld import FakeAccount, planned, whole
from tests.unit.aws.securityworld import environments
from tests.unit.aws.test_preflight import with_room

from evenly.aws.preflight.findings import PreflightError
from evenly.cli.cloud import Place
from evenly.cli.clouddeploy import How, deploy_planned
from evenly.cli.cloudpreflight import check_preflight, noted
from evenly.errors import ExitCode, UsageError

FULL = {"there": {"describe_vpcs": 1000}}


def place(**said: Any) -> tuple[Place, FakeAccount]:
    account = with_room(**said)
    return Place(Path("/nowhere"), environments()["small"], whole("small"), account.cloud), account


def test_a_plan_tells_of_it_among_its_notes() -> None:
    here, _ = place(**FULL, arn="arn:aws:iam::123456789012:root")
    stops, unknown = noted(here, planned(here.desired)).notes
    assert stops.startswith("This stops the deploy: VPCs per Region in eu-west-1: 1000 of 1000 are in use")
    assert unknown.startswith("Whether every permission is there could not be found out")


def test_a_deploy_stops_before_anything_is_asked_or_changed(tmp_path: Path) -> None:
    here, account = place(**FULL)
    with pytest.raises(PreflightError) as caught:
        deploy_planned(here, planned(here.desired), tmp_path / "plan.json", None, How(is_agreed=False))
    assert caught.value.exit_code is ExitCode.STATE
    assert "--no-preflight" in str(caught.value.try_)
    assert all(it.startswith(("describe_", "get_", "head_", "list_", "simulate_")) for it in account.asked())


def test_who_knows_better_is_asked_whether_to_go_on(tmp_path: Path) -> None:
    here, account = place(**FULL)
    how = How(is_agreed=False, preflight=False)
    with CliRunner().isolation(input="n\n"), pytest.raises(UsageError, match="nobody said yes"):
        deploy_planned(here, planned(here.desired), tmp_path / "plan.json", None, how)
    assert account.calls == []


def test_notes_are_told_and_stop_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    here, _ = place(arn="arn:aws:iam::123456789012:root")
    check_preflight(here, planned(here.desired))
    assert "Whether every permission is there" in capsys.readouterr().err
