"""A manifest as data, and what changed between two."""

import yaml
from hypothesis import given
from hypothesis import strategies as st

from evenly.manifest import parse
from evenly.manifest.dump import Difference, as_dict, differences
from evenly.manifest.schema import paths
from evenly.manifest.types import (
    App,
    Certificate,
    Cooldown,
    Count,
    Database,
    Deployment,
    Environment,
    Healthcheck,
    Http,
    Job,
    Manifest,
    Seconds,
    Worker,
)


@given(st.data())
def test_what_is_dumped_reads_as_the_same_manifest(
    manifests: st.SearchStrategy[Manifest], data: st.DataObject
):
    manifest = data.draw(manifests)
    assert parse(yaml.dump(as_dict(manifest)), "evenly.yaml") == manifest


@given(st.data())
def test_differences_are_empty_only_between_equals(
    manifests: st.SearchStrategy[Manifest], data: st.DataObject
):
    old, new = data.draw(manifests), data.draw(manifests)
    assert (differences(old, new) == ()) == (old == new)
    assert differences(old, old) == ()


def test_what_is_dumped_holds_every_key_of_the_manifest() -> None:
    full = Manifest(
        name="shop",
        http=Http(certificate=Certificate(chain="a.pem", key="a.key")),
        count=Count(
            response_time=Seconds(0.2),
            requests=9,
            cpu=60,
            cooldown=Cooldown(scale_in=Seconds(60.0), scale_out=Seconds(0.0)),
        ),
        workers={"NAME": Worker(command=("mail",))},
        jobs={"NAME": Job(command=("clean",), schedule="0 0 * * *")},
        deployment=Deployment(strategy="canary"),
        environments={"NAME": Environment(target="aws", regions=("eu-west-1",))},
    )
    dumped = as_dict(full)
    for path in set(paths()) - {"environments.NAME.region"}:
        value = dumped
        for key in path.split("."):
            value = value[key]


def test_differences_have_the_keys_and_units_of_the_file() -> None:
    old = Manifest(name="shop", http=Http(healthcheck=Healthcheck(interval=Seconds(90.0))))
    new = Manifest(
        name="shop",
        app=App(serve=None, command=("serve", "two words")),
        http=Http(alias="shop.example.com", redirect_to_https=False),
        count=Count(minimum=4, maximum=4),
        database=None,
    )
    assert differences(old, new) == (
        Difference("app.serve", "evenly.webapp:app", "null"),
        Difference("app.command", "null", '[serve, "two words"]'),
        Difference("http.alias", "null", "shop.example.com"),
        Difference("http.redirect_to_https", "true", "false"),
        Difference("http.healthcheck.interval", "90s", "null"),
        Difference("count", "{range: 2-8}", "4"),
        Difference(
            "database",
            "{engine: postgres, version: 18, migrations: null, url_from: null, multi_zone: true}",
            "null",
        ),
    )


def test_a_changed_range_is_told_by_its_key() -> None:
    old, new = Manifest(name="a"), Manifest(name="a", count=Count(minimum=3, maximum=9))
    assert differences(old, new) == (Difference("count.range", "2-8", "3-9"),)


def test_secrets_are_hidden_but_told() -> None:
    old = Manifest(name="a", variables={"DB_PASSWORD": "one", "OLD": "x", "Q": "amqp://u:hunter2@q"})
    new = Manifest(name="a", variables={"DB_PASSWORD": "two", "NEW": "y", "Q": "amqp://u:hunter3@q"})
    assert differences(old, new) == (
        Difference("variables.DB_PASSWORD", "***", "***"),
        Difference("variables.OLD", "x", None),
        Difference("variables.Q", "***", "***"),
        Difference("variables.NEW", None, "y"),
    )


def test_a_database_that_changes_its_version() -> None:
    old, new = Manifest(name="a"), Manifest(name="a", database=Database(version=16, migrations="db/"))
    assert differences(old, new) == (
        Difference("database.version", "18", "16"),
        Difference("database.migrations", "null", "db/"),
    )
