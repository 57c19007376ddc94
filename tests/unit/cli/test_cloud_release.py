"""What the commands add to a release on AWS: the digest of the migrations, the checks at the end, secrets' values."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.aws.releaseworld import SOURCE, ReleaseAws, done, planned, topology, wanted
from tests.unit.aws.world import FakeTime

from evenly.cli.cloud import Place
from evenly.cli.clouddeploy import How, deploy_planned
from evenly.cli.cloudrelease import PATIENCE_S, _authority, await_answer, verified, work_of
from evenly.cli.cloudsecrets import Kept, app_secrets, key_of
from evenly.core.secret import Secret
from evenly.database.migrations import digest
from evenly.errors import ExitCode, StateError
from evenly.manifest.types import App, Database, Edge, Network

NOWHERE = "https://127.0.0.1:1/"  # nothing listens there
MANIFEST = """
name: shop
secrets: {API_KEY: API_KEY}
environments:
  staging: {target: aws, region: eu-west-1}
"""


def place(project: Path, aws: ReleaseAws, url: str | None = None, **said: Any) -> Place:
    it = wanted()
    edge = it.of("edge")
    body = {
        **edge.body,
        "Outputs": {**edge.body["Outputs"], **({"PublicUrl": {"Value": url}} if url else {})},
    }
    stacks = tuple(
        replace(edge, body=body, text=str(body).replace("'", '"')) if i is edge else i for i in it.stacks
    )
    return Place(project, topology(**said), replace(it, stacks=stacks), aws.cloud)


def deployed(project: Path, url: str | None = None, **said: Any) -> tuple[Place, ReleaseAws]:
    aws = ReleaseAws()
    found = place(project, aws, url, **said)
    done(aws, found.desired)
    return found, aws


# --- the checks at the end


def test_the_address_of_the_stacks_is_checked_and_a_failed_check_is_the_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found, aws = deployed(tmp_path, NOWHERE)
    plan = planned(aws, found.desired, id_="p2")
    code = deploy_planned(found, plan, tmp_path / "plan.json", SOURCE, How(is_agreed=True))
    told = capsys.readouterr().err
    assert code is ExitCode.FAILED
    assert f"Verifying {NOWHERE}" in told
    assert "failed" in told.splitlines()[-3]
    assert "evenly verify --url https://127.0.0.1:1/" in told
    assert deploy_planned(found, plan, tmp_path / "p", SOURCE, How(True, verify=False)) is ExitCode.DONE


@pytest.mark.parametrize(
    ("url", "said", "why"),
    [
        (NOWHERE, {"network": Network(internal=True)}, "its balancer is internal"),
        (None, {}, "it has no address"),
    ],
)
def test_what_can_not_be_asked_from_here_is_said_to_be_not_verified(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], url: str | None, said: Any, why: str
) -> None:
    found, _ = deployed(tmp_path, url, **said)
    assert verified(found) is None
    assert f"Not verified: {why}" in capsys.readouterr().err


def test_an_address_that_is_new_has_its_time_and_no_more() -> None:
    time = FakeTime()
    began, answers = time.at, iter([False, False, True])
    await_answer(lambda: next(answers), time.clock)
    assert list(answers) == []
    assert time.at - began < 2
    await_answer(lambda: False, time.clock)
    assert PATIENCE_S < time.at - began < PATIENCE_S + 20


def test_the_balancers_own_certificate_is_trusted_for_the_checks_alone(tmp_path: Path) -> None:
    found, aws = deployed(tmp_path, NOWHERE)
    assert _authority(found) is None  # none was imported
    aws.acm.pem = "PEM"
    file = _authority(found)
    assert file == tmp_path / ".evenly" / "staging" / "balancer.pem"
    assert file.read_text() == "PEM"
    named = place(tmp_path, aws, NOWHERE, edge=Edge(default_domain=True))
    assert _authority(named) is None  # CloudFront shows one that everybody trusts


# --- what is done beside the stacks


def files(project: Path, **sql: str) -> None:
    (project / "db").mkdir(exist_ok=True)
    for name, text in sql.items():
        (project / "db" / f"{name}.sql").write_text(text)


def migrations(project: Path, **said: Any) -> str | None:
    aws = ReleaseAws()
    found = place(project, aws, **said)
    return work_of(found, planned(aws, found.desired), SOURCE, on_aws=True).migrations


def test_the_migrations_are_known_by_the_digest_that_the_image_finds(tmp_path: Path) -> None:
    own = {"app": App(serve=None, command=("./run",)), "database": Database(migrations="db")}
    files(tmp_path, **{"0001_a": "SELECT 1;"})
    one = migrations(tmp_path, **own)
    files(tmp_path, **{"0002_b": "SELECT 2;"})
    assert len({one, migrations(tmp_path, **own), digest(())}) == 3
    assert migrations(tmp_path, app=own["app"], database=Database()) == digest(())  # rights alone
    assert migrations(tmp_path, database=Database()) not in (None, digest(()))  # the reference service's own
    assert migrations(tmp_path, database=Database(url_from="URL")) is None
    assert migrations(tmp_path, database=None) is None


def test_with_an_image_that_was_chosen_the_database_stays_as_it_is(tmp_path: Path) -> None:
    aws = ReleaseAws()
    found = place(tmp_path, aws)
    plan = planned(aws, wanted(None), None, image="u@sha256:c")
    work = work_of(found, plan, SOURCE, on_aws=False)
    assert (work.source, work.migrations) == (None, None)
    assert work.programs is not None


# --- secrets


def test_a_value_goes_in_under_the_environments_key_and_is_told_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found, aws = deployed(tmp_path, secrets={"API_KEY": "API_KEY"})
    here = Kept(found.topology, found.cloud)
    kept = app_secrets(here)
    assert key_of(here) == "arn:aws:kms:key"
    assert kept.missing(("API_KEY",)) == ("API_KEY",)
    assert kept.set("API_KEY", Secret("s3cr3t"), "arn:aws:kms:key")
    assert kept.missing(("API_KEY",)) == ()
    (made,) = aws.secrets.made
    assert (made["Name"], made["KmsKeyId"]) == ("shop/staging/app/API_KEY", "arn:aws:kms:key")
    assert {it["Key"]: it["Value"] for it in made["Tags"]}["evenly:service"] == "shop"
    aws.secrets.deleted.add("shop/staging/app/API_KEY")
    assert not kept.set("API_KEY", Secret("other"), "arn:aws:kms:key")
    assert aws.secrets.values == {"shop/staging/app/API_KEY": "other"}
    assert "s3cr3t" not in capsys.readouterr().err


def test_without_a_foundation_there_is_no_key() -> None:
    with pytest.raises(StateError, match="is not there yet"):
        key_of(Kept(topology(), ReleaseAws().cloud))


def test_on_this_machine_they_are_in_env(tmp_path: Path, evenly: Any) -> None:
    Path("evenly.yaml").write_text(MANIFEST)
    ran = evenly("secrets", "set", "API_KEY")
    assert ran.code == 2
    assert "are in .env" in ran.err


def test_a_secret_that_the_manifest_has_not_is_refused_before_aws_is_asked(evenly: Any) -> None:
    Path("evenly.yaml").write_text(MANIFEST)
    ran = evenly("secrets", "set", "OTHER", "-e", "staging")
    assert ran.code == 2
    assert "the manifest names no secret OTHER" in ran.err
    assert "API_KEY" in ran.err
