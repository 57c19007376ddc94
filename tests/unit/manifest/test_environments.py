"""Environments: what each has of the manifest, and what is told when that does not go together."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from evenly.manifest import ManifestError, parse
from evenly.manifest.dump import Difference, as_dict, differences
from evenly.manifest.types import (
    AWS_ALONE,
    App,
    Compute,
    Count,
    Database,
    Environment,
    Http,
    Manifest,
    Network,
    Seconds,
    Worker,
    merged,
)

TOP = """\
name: shop
app: {serve: shop.main:app}
http: {alias: shop.example.com, healthcheck: {path: /up, interval: 10s}}
count: {range: 2-8, response_time: 200ms}
variables: {A: one, B: two}
secrets: {C: c}
workers: {mail: {command: [mail], variables: {Q: mail}}}
tags: {owner: me}
network: {egress: endpoints}
environments:
  staging:
    target: aws
    region: eu-west-1
"""


def staging(said: str) -> Manifest:
    return parse(f"{TOP}    {said}\n", "evenly.yaml").of_environment("staging")


def refusal(said: str) -> str:
    with pytest.raises(ManifestError) as raised:
        staging(said)
    return str(raised.value)


@given(st.data())
def test_what_an_environment_has_is_a_manifest(
    manifests: st.SearchStrategy[Manifest], data: st.DataObject
) -> None:
    manifest = data.draw(manifests)
    for name in manifest.environments:
        own = manifest.of_environment(name)
        assert own.name == manifest.name
        assert own.app.build == manifest.app.build
        assert parse(yaml.dump(as_dict(own)), "evenly.yaml") == own


@given(st.data())
def test_here_nothing_is_said_of_aws(manifests: st.SearchStrategy[Manifest], data: st.DataObject) -> None:
    own = data.draw(manifests).of_environment("local")
    assert {key: getattr(own, key) for key in AWS_ALONE} == dict(AWS_ALONE)
    assert own.environments == {}
    assert own.of_environment("local") == own


def test_an_environment_that_is_not_written_is_the_manifest_as_it_is_here() -> None:
    manifest = Manifest(name="shop", zones=3, tags={"a": "b"}, network=Network(internal=True))
    assert manifest.of_environment("local") == Manifest(name="shop", zones=3)


def test_what_is_written_changes_nothing_beside_it() -> None:
    whole = parse(f"{TOP}    zones: 3\n", "evenly.yaml")
    assert staging("zones: 3") == parse(TOP.partition("environments")[0] + "zones: 3\n", "evenly.yaml")
    assert whole.of_environment("local").zones == 2
    assert whole.environments == {
        "staging": Environment(target="aws", regions=("eu-west-1",), overrides={"zones": 3})
    }


def test_sections_and_names_go_key_by_key_and_all_else_as_a_whole() -> None:
    found = staging("http: {healthcheck: {interval: 30s}}\n    variables: {B: three, D: four}\n    count: 4")
    assert found.http.alias == "shop.example.com"
    assert (found.http.healthcheck.path, found.http.healthcheck.interval) == ("/up", 30.0)
    assert found.variables == {"A": "one", "B": "three", "D": "four"}
    assert found.count == Count(minimum=4, maximum=4)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("http: {alias: null}", Http(healthcheck=staging("zones: 2").http.healthcheck)),
        ("http: null", Http()),
        ("count: {response_time: ~}", Count()),
        ("variables: {A: null}", {"B": "two"}),
        ("variables: null", {}),
        ("secrets: {C: null}", {}),
        ("workers: {mail: null}", {}),
        ("workers: {mail: {variables: {Q: null}}}", {"mail": Worker(command=("mail",))}),
        ("tags: {owner: null}", {}),
        ("network: null", Network()),
        ("app: {serve: null, command: [serve]}", App(serve=None, command=("serve",))),
        ("database: null", None),
        ("database: {version: 16}", Database(version=16)),
    ],
)
def test_a_written_null_takes_away_what_the_top_says(said: str, found: object) -> None:
    assert getattr(staging(said), said.partition(":")[0]) == found


@pytest.mark.parametrize(
    "said", ["http:", "http: {alias: }", "workers: {mail: }", "count: {range: }", "zones:"]
)
def test_a_key_with_nothing_after_it_takes_nothing_away(said: str) -> None:
    assert staging(said) == staging("x-note: mine")


def test_fargate_has_the_least_memory_that_it_takes_where_none_is_said() -> None:
    assert staging("compute: {type: fargate, cpu: 2048}").compute == Compute(
        type="fargate", cpu=2048, memory=4 * 1024**3
    )


def test_what_is_said_here_holds_here_alone() -> None:
    manifest = parse(f"{TOP}  local: {{variables: {{A: null}}, count: 2}}\n", "evenly.yaml")
    here = manifest.of_environment("local")
    assert (here.variables, here.count) == ({"B": "two"}, Count(minimum=2, maximum=2))
    assert (here.tags, here.network) == ({}, Network())
    assert manifest.of_environment("staging").variables == {"A": "one", "B": "two"}
    assert manifest.environments["local"].target == "local"
    assert not set(manifest.environments["local"].overrides) & set(AWS_ALONE)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "app: {command: [serve]}",
            "14: environments.staging.app.command: stands beside app.serve, and only one can run. "
            "To be without app.serve of line 2, write it as null here.",
        ),
        (
            "variables: {C: three}",
            "14: environments.staging.variables.C: does not go with secrets.C of line 6: one name can't be both. "
            "To be without that, write it as null here.",
        ),
        (
            "http: {healthcheck: {timeout: 20s}}",
            '14: environments.staging.http.healthcheck.timeout: "20s" is longer than the interval. '
            "Write 10s or less.",
        ),
        (
            "jobs: {mail: {command: [mail], schedule: '@daily'}}",
            "14: environments.staging.jobs.mail: is a worker too. Rename one of the two.",
        ),
        ("zonen: 3", "14: environments.staging.zonen: unknown key. Did you mean environments.staging.zones?"),
    ],
)
def test_what_does_not_go_together_is_told_at_the_environments_line(said: str, told: str) -> None:
    assert refusal(said) == f"evenly.yaml:{told}"


def test_what_is_wrong_at_the_top_is_told_once() -> None:
    text = TOP.replace("shop.main:app", "shop") + "  production: {target: aws, region: us-east-1}\n"
    with pytest.raises(ManifestError) as raised:
        parse(text, "evenly.yaml")
    assert [it.path for it in raised.value.problems] == ["app.serve"]


@pytest.mark.parametrize("null", ["null", "~"])
def test_what_an_environment_takes_away_is_not_wrong_for_it(null: str) -> None:
    top = "name: shop\napp: {serve: 'a:b', command: [c]}\n"
    with pytest.raises(ManifestError) as raised:
        parse(f"{top}environments: {{local: {{app: {{serve: {null}}}}}}}\n", "evenly.yaml")
    assert [it.path for it in raised.value.problems] == ["app.command"]


def test_many_environments_of_many_lines_are_read_in_no_time() -> None:
    lines = "".join(f"  V{n}: x\n" for n in range(400))
    environments = "".join(
        f"  e{n}: {{target: aws, region: eu-west-1, variables: {{A: 1}}}}\n" for n in range(20)
    )
    manifest = parse(f"name: shop\nvariables:\n{lines}environments:\n{environments}", "evenly.yaml")
    assert len(manifest.of_environment("e7").variables) == 401
    assert manifest.environments["e7"].overrides == {"variables": {"A": "1"}}


def test_merging_takes_names_away_and_nothing_else() -> None:
    base = {"variables": {"A": "1", "B": "2"}, "http": {"alias": "a.example"}, "database": {"version": 18}}
    over = {"variables": {"A": None}, "http": {"alias": None}, "database": None}
    assert merged(base, over) == {"variables": {"B": "2"}, "http": {"alias": None}, "database": None}


def test_differences_know_the_keys_of_aws() -> None:
    old = parse(TOP, "evenly.yaml")
    new = parse(TOP.replace("egress: endpoints", "egress: nat") + "    count: 2\n", "evenly.yaml")
    assert differences(old, new) == (
        Difference("network.egress", "endpoints", "nat"),
        Difference("environments.staging.count", None, "2"),
    )
    assert differences(old.of_environment("staging"), new.of_environment("staging")) == (
        Difference("count", "{range: 2-8, response_time: 200ms}", "2"),
        Difference("network.egress", "endpoints", "nat"),
    )
    assert differences(old.of_environment("local"), new.of_environment("local")) == ()


def test_differences_hide_secrets_in_an_environment() -> None:
    old = Manifest(name="a")
    with_worker = Manifest(
        name="a", workers={"w": Worker(command=("x",), variables={"DB_PASSWORD": "hunter2"})}
    )
    over = {"variables": {"DB_PASSWORD": "hunter2"}}
    with_environment = Manifest(name="a", environments={"staging": Environment(target="aws", overrides=over)})
    for new in (with_worker, with_environment):
        told = differences(old, new)
        assert "hunter2" not in repr(told)
        assert "DB_PASSWORD: ***" in repr(told)


def test_a_count_that_scales_is_told_by_its_keys() -> None:
    manifest = parse(f"{TOP}    count: {{response_time: 1s}}\n", "evenly.yaml")
    assert manifest.of_environment("staging").count.response_time == Seconds(1.0)
    assert as_dict(manifest)["environments"]["staging"]["count"] == {"response_time": "1s"}
