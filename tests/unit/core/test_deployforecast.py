"""A deploy told before it begins: the steps of each strategy, and why."""

from evenly.core.deployforecast import deploy_forecast
from evenly.manifest.types import CanaryStep, Deployment, Seconds

LIMITS = "more than 1 % errors, p95 over 1s or failed health would roll it back"


def told(how: Deployment, **more: object) -> list[str]:
    given = {"release": 3, "before": 2, "migrations": (), "is_new": True} | more
    return [it.what for it in deploy_forecast(how, 4, 2, **given)]  # type: ignore[arg-type]


def test_a_rolling_one() -> None:
    assert told(Deployment()) == [
        "make release 3",
        "launch 2 instances of release 3",
        "ask the new instances: the synthetic gate",
        "give release 3 33 % of the traffic for 2 s",
        "drain 2 instances of release 2",
        "launch 2 instances of release 3",
        "give release 3 67 % of the traffic for 2 s",
        "drain 2 instances of release 2",
        "give release 3 100 % of the traffic for 10 s",
    ]


def test_blue_green() -> None:
    assert told(Deployment(strategy="blue-green"), is_new=False) == [
        "launch 4 instances of release 3",
        "ask the new instances: the synthetic gate",
        "give release 3 100 % of the traffic for 10 s",
        "drain 4 instances of release 2",
    ]


def test_a_canary() -> None:
    steps = (CanaryStep(weight=10, time=Seconds(30.0)), CanaryStep(weight=50, time=Seconds(60.0)))
    assert told(Deployment(strategy="canary", steps=steps))[1:] == [
        "launch 2 instances of release 3",
        "ask the new instances: the synthetic gate",
        "give release 3 10 % of the traffic for 30 s",
        "give release 3 50 % of the traffic for 60 s",
        "launch 2 instances of release 3",
        "give release 3 100 % of the traffic for 10 s",
        "drain 4 instances of release 2",
    ]


def test_migrations_come_before_anything_of_the_release_runs() -> None:
    assert told(Deployment(), migrations=("0002_a.sql", "0003_b.sql"))[:3] == [
        "make release 3",
        "apply 2 migrations: 0002_a.sql, 0003_b.sql",
        "launch 2 instances of release 3",
    ]


def test_the_limits_are_told_where_they_hold() -> None:
    found = deploy_forecast(Deployment(), 4, 2, release=3, before=2, migrations=(), is_new=False)
    assert [it.why for it in found if "of the traffic" in it.what] == [LIMITS] * 3
