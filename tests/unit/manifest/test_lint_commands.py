"""Commands that would show a secret, or instances that more than the balancer can reach."""

from pathlib import Path

import pytest

from evenly.manifest.lint import lint
from evenly.manifest.types import App, Job, Manifest, Protocol, Worker


def manifest(*command: str, protocol: Protocol = "https") -> Manifest:
    return Manifest(
        name="shop", app=App(serve=None, command=("sh", *command), protocol=protocol), secrets={"KEY": "K"}
    )


def told(manifest: Manifest, folder: Path) -> list[str]:
    return [f"{each.severity}: {each.path}: {each.what}" for each in lint(manifest, folder, "/bin")]


@pytest.mark.parametrize("word", ["$KEY", "--key=${KEY}", "$DATABASE_URL", "$PGPASSWORD"])
def test_a_secret_in_an_argument_is_an_error(word: str, tmp_path: Path) -> None:
    (found,) = told(manifest(word), tmp_path)
    assert found.startswith("error: app.command: $")
    assert "seen by everybody" in found


def test_workers_and_jobs_are_looked_at_too(tmp_path: Path) -> None:
    command = ("sh", "-c", "mail $KEY")
    both = Manifest(
        name="shop",
        secrets={"KEY": "K"},
        workers={"mailer": Worker(command=command)},
        jobs={"nightly": Job(command=command, schedule="0 0 * * *")},
    )
    assert [it.split(":")[1] for it in told(both, tmp_path)] == [
        " workers.mailer.command",
        " jobs.nightly.command",
    ]


@pytest.mark.parametrize("word", ["$$KEY", "KEY", "$OTHER", "$KEYS", "$5"])
def test_what_only_looks_like_one_is_none(word: str, tmp_path: Path) -> None:
    assert told(manifest(word), tmp_path) == []


def test_plain_http_at_a_port_is_warned_of(tmp_path: Path) -> None:
    (found,) = told(manifest("$HOST:$PORT", protocol="http"), tmp_path)
    assert found.startswith("warning: app.protocol: every user of this machine can reach")


def test_a_socket_is_the_balancers_alone(tmp_path: Path) -> None:
    assert told(manifest("unix:$SOCKET", protocol="http"), tmp_path) == []
    assert told(Manifest(name="shop", app=App(protocol="http")), tmp_path) == []


def test_a_socket_and_a_port_are_one_too_many(tmp_path: Path) -> None:
    (found,) = told(manifest("$SOCKET", "$PORT", protocol="http"), tmp_path)
    assert found.startswith("error: app.command: names both $SOCKET and")
