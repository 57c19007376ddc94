"""The reference of the manifest says what is so: its example is valid, its keys are the keys, its defaults hold."""

import re
from pathlib import Path

import pytest
import yaml
from tests.aws_topologies import topology

from evenly.aws.parity import FIELDS
from evenly.aws.stacks.service.scaling import COOLDOWN_IN, COOLDOWN_OUT
from evenly.core.scalingfacts import COOLDOWN_IN_S, COOLDOWN_OUT_S
from evenly.core.topology import local_topology
from evenly.manifest import ManifestError, parse
from evenly.manifest.dump import as_dict
from evenly.manifest.schema import paths
from evenly.manifest.types import Manifest, Seconds
from evenly.manifest.units import format_duration

DOCS = (Path(__file__).parents[3] / "docs" / "manifest.md").read_text()
EXAMPLE = re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)[0]
OF_AWS = DOCS.split("## The same keys on AWS\n")[1].split("\n## ")[0]
EVERY_KEY = DOCS.split("## Every key\n")[1].split("\n## ")[0]
ROWS = dict(re.findall(r"^\| `([a-zA-Z_.]+)` \|[^|]*\| ([^|]*) \|", EVERY_KEY, re.MULTILINE))


def values_of(data: dict[str, object], path: str = "") -> dict[str, object]:
    here = {f"{path}{key}": value for key, value in data.items()}
    below = [values_of(value, f"{key}.") for key, value in here.items() if isinstance(value, dict)]
    return here | {key: value for each in below for key, value in each.items()}


def test_the_example_is_a_manifest() -> None:
    manifest = parse(EXAMPLE, "evenly.yaml")
    assert manifest.name == "shop"
    assert manifest.variables == {"LOG_LEVEL": "info", "COUNTRY": "NO"}


def test_the_example_has_every_key_but_the_one_that_excludes_another() -> None:
    written = values_of(yaml.safe_load(EXAMPLE))
    named = {re.sub(r"^(workers|jobs|environments)\.[a-z]+", r"\1.NAME", path) for path in written}
    assert set(paths()) - named == {"app.command", "database.url_from"}
    assert "# command: [" in EXAMPLE


def test_every_key_is_in_the_reference_and_no_other() -> None:
    assert list(ROWS) == list(paths())


def test_the_defaults_are_the_defaults() -> None:
    defaults = values_of(as_dict(Manifest(name="shop")))
    told = {path: yaml.safe_load(default.strip("`")) for path, default in ROWS.items() if default[0] == "`"}
    assert told == {path: defaults[path] for path in told}
    assert len(told) >= 12


def test_the_defaults_of_this_machine_are_told() -> None:
    topology = local_topology(Manifest(name="shop"))
    health = topology.health
    told = {
        path: default.split(": ")[1] for path, default in ROWS.items() if default.startswith("the target's")
    }
    assert told == {
        "http.healthcheck.interval": format_duration(health.interval),
        "http.healthcheck.timeout": format_duration(health.timeout),
        "http.healthcheck.healthy_threshold": str(health.healthy_threshold),
        "http.healthcheck.unhealthy_threshold": str(health.unhealthy_threshold),
        "http.healthcheck.grace_period": format_duration(health.grace_period),
        "http.deregistration_delay": format_duration(topology.deregistration_delay),
        "count.cooldown.in": format_duration(COOLDOWN_IN_S),
        "count.cooldown.out": format_duration(COOLDOWN_OUT_S),
    }


def test_the_defaults_of_aws_are_told() -> None:
    there = topology()
    told = dict(re.findall(r"`(http\.[a-z_]+|count\.cooldown)` `([^`]+)`", OF_AWS.replace("\n", " ")))
    assert {path: yaml.safe_load(it) for path, it in told.items()} == {
        "http.healthcheck": {
            "interval": format_duration(Seconds(there.health.interval)),
            "timeout": format_duration(Seconds(there.health.timeout)),
            "healthy_threshold": there.health.healthy_threshold,
            "unhealthy_threshold": there.health.unhealthy_threshold,
            "grace_period": format_duration(Seconds(there.health.grace_period)),
        },
        "http.deregistration_delay": format_duration(Seconds(there.deregistration_delay)),
        "count.cooldown": {
            "in": format_duration(Seconds(COOLDOWN_IN)),
            "out": format_duration(Seconds(COOLDOWN_OUT)),
        },
    }


def test_what_becomes_of_each_field_on_aws_is_told() -> None:
    rows = re.findall(r"^\| `?([^|`]+)`? \| ([a-z ]+) \| ([^|]*?) ?\|$", OF_AWS, re.MULTILINE)
    assert rows == [(it.path, it.kind.value, it.why) for it in FIELDS]


def test_the_errors_that_are_shown_are_said() -> None:
    for text in (
        "name: a\nhttp:\n\n  prot: 1\n\ncount:\n  range: 8-2\n",
        "name: a\napp:\n  serve: a:b\nenvironments:\n  staging:\n    target: aws\n    region: eu-west-1\n"
        "    app:\n      command: [serve]\n",
    ):
        with pytest.raises(ManifestError) as raised:
            parse(text, "evenly.yaml")
        assert all(f"    {line}\n" in DOCS for line in str(raised.value).splitlines())
