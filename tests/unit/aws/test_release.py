"""Deploys with all that is done beside the stacks: image, migrations, secrets, error pages, service-linked roles; each
with its failures, and broken off anywhere."""

from typing import Any

import pytest
from tests.unit.aws.releasefakes import DIGEST, DOOR, URI
from tests.unit.aws.releaseworld import ReleaseAws, done, planned, topology, wanted
from tests.unit.aws.world import NAMES, refuse

from evenly.aws.changes.plan import Certainty
from evenly.aws.releasing.files import File
from evenly.aws.releasing.linkedroles import SERVICES
from evenly.aws.releasing.migrations import MigrationsFailedError
from evenly.aws.releasing.source import Source
from evenly.errors import StateError, TargetError

ALL = ["foundation", "security", "image", "data", "service"]
OTHER = Source({"Dockerfile": File(b"FROM other\n")}, "X86_64")
PAGE = ("pages", "_evenly/errors/v/502.html")


def deployed() -> ReleaseAws:
    aws = ReleaseAws()
    done(aws, wanted(), id_="p0")
    forget(aws)
    return aws


def forget(aws: ReleaseAws) -> None:
    for it in aws.formations.values():
        it.calls.clear()
    aws.programs.ran.clear()
    aws.told.clear()


def parameters(aws: ReleaseAws, concern: str) -> dict[str, str]:
    return aws.formation().stacks[NAMES.stack(concern)].parameters


# --- the image


def test_from_nothing_the_repository_comes_first_and_then_the_image() -> None:
    aws = ReleaseAws()
    plan = planned(aws, wanted())
    assert plan.of("service").parameters == {"Image": None}
    assert not aws.programs.ran  # a plan builds nothing
    done(aws, wanted(), plan)
    assert [it for it in aws.executed() if it != "edge"] == ALL
    assert parameters(aws, "service") == parameters(aws, "data") == {"Image": f"{URI}@sha256:1"}
    assert aws.programs.words().count("build") == 1


def test_an_unchanged_checkout_builds_nothing_and_its_plan_names_the_image() -> None:
    aws = deployed()
    plan = planned(aws, wanted())
    assert plan.is_empty
    assert plan.of("service").parameters == {"Image": f"{URI}@sha256:1"}
    assert {it.how for it in done(aws, wanted(), plan)} == {"left as it is"}
    assert not aws.programs.ran


def test_another_source_is_built_before_anything_is_changed() -> None:
    aws = deployed()
    it = wanted(OTHER, roles="other")
    plan = planned(aws, it, OTHER)
    assert plan.of("service").certainty is plan.of("data").certainty is Certainty.PROVISIONAL
    aws.programs.fails["build"] = 1
    with pytest.raises(TargetError, match="could not be built"):
        done(aws, it, plan, source=OTHER)
    assert aws.executed() == []
    aws.programs.fails.clear()
    assert [it.how for it in done(aws, it, plan, source=OTHER)][3:5] == ["changed", "changed"]
    assert parameters(aws, "service") == {"Image": f"{URI}@sha256:2"}


def test_a_plan_is_good_for_its_own_source_alone() -> None:
    aws = deployed()
    plan = planned(aws, wanted())
    with pytest.raises(StateError, match="built from is another source"):
        done(aws, wanted(OTHER), plan, source=OTHER)
    assert aws.executed() == []


def test_a_chosen_image_is_deployed_whatever_the_checkout_holds_and_without_migrations() -> None:
    aws = deployed()
    done(aws, wanted(OTHER), source=OTHER, id_="p2")
    forget(aws)
    aws.door.record = None
    it = wanted(None)
    plan = planned(aws, it, None, image=f"{URI}@sha256:1", id_="p3")
    done(aws, it, plan, source=None, migrations=None)
    assert parameters(aws, "service") == {"Image": f"{URI}@sha256:1"}
    assert not aws.programs.ran
    assert aws.door.record is None


# --- migrations


def test_they_run_after_the_data_and_before_the_service() -> None:
    aws = ReleaseAws()
    order: list[str] = []
    start = aws.door.start_execution

    def noted(**said: Any) -> Any:
        order.extend(it for it in aws.executed() if it != "edge")
        return start(**said)

    aws.door.start_execution = noted  # type: ignore[assignment,method-assign]
    done(aws, wanted())
    assert order == ALL[:4]
    assert aws.door.record == f"db-1 {DIGEST}"
    assert "migrations: applied, and the door is closed" in aws.told


def test_what_was_applied_to_this_very_database_is_not_asked_for_again() -> None:
    aws = deployed()
    assert len(aws.door.runs) == 1
    done(aws, wanted(DisplayName="new"), id_="p2")
    assert len(aws.door.runs) == 1
    assert "migrations: applied already" in aws.told
    aws.door.database = "db-2"  # restored into another one
    done(aws, wanted(DisplayName="newer"), id_="p3")
    assert len(aws.door.runs) == 2


def failing(error: str = "MigrationsFailed", cause: str = "The task ended with a failure.") -> ReleaseAws:
    aws = deployed()
    aws.door.record = None
    aws.door.fails = (error, cause)
    return aws


def test_one_that_fails_changes_nothing_of_the_service_and_is_told_with_its_log() -> None:
    aws = failing()
    aws.logs.lines = [
        *("{}" for _ in range(30)),
        '{"event": "failed", "what": "0007_x.sql: no table", "try": "x"}',
    ]
    it = wanted(DisplayName="new")
    plan = planned(aws, it, id_="p2")
    with pytest.raises(MigrationsFailedError, match="The task ended with a failure") as told:
        done(aws, it, plan)
    assert aws.executed() == []
    assert "failed 0007_x.sql: no table x" in str(told.value)
    assert "Nothing of the service was changed" in str(told.value)
    assert "OPEN" not in str(told.value)
    assert not told.value.may_be_open
    done(aws, it, plan)  # mended: the same plan goes on
    assert aws.executed() == ["service"]


def test_a_door_that_may_stay_open_is_said_loudly() -> None:
    aws = failing("DoorStaysOpen", "It could not be closed.")
    with pytest.raises(MigrationsFailedError, match="THE DOOR MAY STILL BE OPEN") as told:
        done(aws, wanted())
    assert told.value.may_be_open
    assert "every 15 minutes" in str(told.value)


def test_the_cause_of_a_task_is_why_it_stopped() -> None:
    aws = failing("States.TaskFailed", '{"StoppedReason": "CannotPullContainerError", "Tags": []}')
    with pytest.raises(MigrationsFailedError, match=r"\(States.TaskFailed\): CannotPullContainerError\n"):
        done(aws, wanted())


def test_a_run_that_is_under_way_is_joined() -> None:
    aws = deployed()
    aws.door.record = None
    aws.door.runs.clear()
    aws.door.start_execution(stateMachineArn=DOOR, name=f"{DIGEST[:32]}-1", input="{}")
    aws.door.runs[next(iter(aws.door.runs))]["rounds"] = 60
    done(aws, wanted())
    assert len(aws.door.runs) == 1
    assert aws.told.count("migrations: still under way") >= 1


def test_an_environment_without_a_database_of_its_own_has_no_door() -> None:
    aws = ReleaseAws()
    done(aws, wanted(), migrations=None)
    assert not aws.door.runs


# --- secrets

WITH_SECRET = topology(secrets={"API_KEY": "API_KEY", "OTHER": "API_KEY"})
KEPT = "shop/staging/app/API_KEY"


def test_in_a_new_environment_it_stops_before_the_service_and_goes_on_when_they_are_set() -> None:
    aws = ReleaseAws()
    plan = planned(aws, wanted())
    with pytest.raises(StateError, match="no value yet") as told:
        done(aws, wanted(), plan, at=WITH_SECRET)
    assert "evenly secrets set API_KEY -e staging" in str(told.value)
    assert str(told.value).count("API_KEY -e") == 1  # two variables are of one
    assert aws.executed() == ALL[:4]
    assert any(it.startswith("secrets: API_KEY has no value yet") for it in aws.told)
    assert not aws.door.runs
    aws.secrets.values[KEPT] = "v"
    done(aws, wanted(), plan, at=WITH_SECRET)
    assert [it for it in aws.executed() if it != "edge"] == ALL


@pytest.mark.parametrize("state", ["absent", "empty", "deleted"])
def test_where_the_foundation_is_there_nothing_is_begun_without_them(state: str) -> None:
    aws = deployed()
    aws.secrets.values = {} if state == "absent" else {KEPT: None if state == "empty" else "v"}
    aws.secrets.deleted = {KEPT} if state == "deleted" else set()
    with pytest.raises(StateError, match="no value yet"):
        done(aws, wanted(OTHER), source=OTHER, at=WITH_SECRET, id_="p2")
    assert aws.executed() == []
    assert not aws.programs.ran


# --- service-linked roles


def test_who_makes_the_security_stack_makes_the_roles_of_awss_services_first() -> None:
    aws = ReleaseAws()
    aws.iam.roles.add("rds.amazonaws.com")  # somebody else's environment had it made
    done(aws, wanted())
    assert aws.iam.roles == set(SERVICES)
    assert sum("has a role of its own" in it for it in aws.told) == len(SERVICES) - 1


def test_who_only_deploys_needs_no_right_to() -> None:
    aws = deployed()
    aws.iam.denies = refuse("CreateServiceLinkedRole", "AccessDenied", "no")
    done(aws, wanted(DisplayName="new"), id_="p2")
    assert aws.executed() == ["service"]


# --- error pages


def pages_when(aws: ReleaseAws) -> list[bool]:
    """Whether they were there when each change of the edge was begun."""
    seen: list[bool] = []
    fake = aws.formation("us-east-1")
    execute = fake.execute_change_set

    def noted(**said: Any) -> Any:
        seen.append(PAGE in aws.storage.objects)
        return execute(**said)

    fake.execute_change_set = noted  # type: ignore[assignment,method-assign]
    return seen


def test_they_are_put_into_their_bucket_right_after_it_was_made() -> None:
    aws = ReleaseAws()
    assert pages_when(aws) == []
    done(aws, wanted())
    assert aws.storage.objects[PAGE] == b"<p>"
    assert aws.storage.typed[PAGE[1]]["ContentType"].startswith("text/html")


def test_others_are_there_before_the_edge_takes_them() -> None:
    aws = deployed()
    del aws.storage.objects[PAGE]
    seen = pages_when(aws)
    done(aws, wanted(pages="2" * 16), id_="p2")
    assert seen == [True]


def test_a_plan_is_good_for_its_own_pages_alone() -> None:
    aws = deployed()
    plan = planned(aws, wanted(pages="2" * 16), id_="p2")
    with pytest.raises(StateError, match=f"PagesVersion is {'3' * 16}, and was {'2' * 16}"):
        done(aws, wanted(pages="3" * 16), plan)
