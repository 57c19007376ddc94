"""Whatever the file holds: a `Manifest` comes out, or a `ManifestError` that says where. Never a traceback."""

from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from evenly.manifest.dump import as_dict
from evenly.manifest.loading import parse_bytes
from evenly.manifest.parsing import parse
from evenly.manifest.problems import ManifestError, Problem
from evenly.manifest.schema import paths
from evenly.manifest.types import Manifest

# A bound that only a runaway passes, on the slowest machine.
BOUNDED = settings(deadline=timedelta(seconds=10), suppress_health_check=[HealthCheck.too_slow])
FOLDER = Path("shop")
LOADERS = [yaml.CSafeLoader, yaml.SafeLoader]
KEYS = [*{path.rpartition(".")[2] for path in paths()}, "x-mine", "image", "secrets", "PORT", "port "]
VALUES = [
    "hello",
    "2-8",
    "1s",
    "10",
    "",
    "~",
    "null",
    "true",
    "no",
    "1:30",
    "0x1F",
    "a.b:c",
    "db/",
    "🙂",
    "a" * 50,
    "100MiB",
    "https",
    "30 2 * * *",
    "*/0 5-1 L ? 32",
    "@daily",
    "STRIPE_KEY",
    "/shop/stripe-key",
    "../key.pem",
]
GOOD = """\
name: shop
app:
  command: [serve, $PORT]
  protocol: http
http: {alias: a.example, port: 1, limits: {body: 1MiB}, certificate: {chain: a.pem, key: a.key}}
variables:
  A: &a 'x'
  B: *a
database: {url_from: URL}
secrets: {URL: URL, KEY: /shop/key}
workers:
  mail: {command: [work, "2"], count: 2}
jobs:
  night: {command: [tidy, --all], schedule: "30 2 * * 1-5", timeout: 5m}
tags: {owner: me}
environments:
  local: {zones: 3}
  live: {target: aws, region: eu-west-1, app: {command: [serve]}, secrets: {KEY: null}, compute: {type: fargate}}
"""


def outcome(text: str, loader: object = None) -> Manifest | ManifestError:
    try:
        return parse(text, "evenly.yaml", FOLDER, loader=loader)
    except ManifestError as error:
        return error


def check(said: Manifest | ManifestError, text: str) -> None:
    if isinstance(said, ManifestError):
        assert said.problems
        last = len(text.splitlines()) + 2
        for problem in said.problems:
            check_problem(problem, last)
        lines = [problem.line or 0 for problem in said.problems]
        assert lines == sorted(lines)
        assert all(line.startswith("evenly.yaml:") for line in str(said).split("\n"))


def check_problem(problem: Problem, last: int) -> None:
    assert problem.line is not None
    assert 1 <= problem.line <= last
    assert problem.column >= 1
    assert problem.what.endswith(".")
    assert problem.try_.endswith((".", "?", '"'))


@BOUNDED
@given(st.text(), st.sampled_from(LOADERS))
@example("\ud800", yaml.CSafeLoader)
@example('name: "\\ud800"', yaml.SafeLoader)
@example('name: "\\UFFFFFFFF"', yaml.SafeLoader)
@example("%YAML 1.2\n---\nname: shop\n", yaml.CSafeLoader)
@example("%YAML 9.9\n---\nname: shop\n", yaml.SafeLoader)
def test_any_text(text: str, loader: object) -> None:
    check(outcome(text, loader), text)


@BOUNDED
@given(
    st.text("nameporthtp: -#&*!|>'\"%@`{}[],?\n\t\r<~.0189\x85\u2028\\", max_size=80),
    st.sampled_from(LOADERS),
)
def test_text_of_yamls_own_characters(text: str, loader: object) -> None:
    check(outcome(text, loader), text)


@BOUNDED
@given(st.binary() | st.text().map(lambda text: text.encode("utf-16")))
def test_any_bytes(data: bytes) -> None:
    try:
        parse_bytes(data, "evenly.yaml", FOLDER)
    except ManifestError as error:
        check(error, data.decode("latin-1"))


def test_the_good_manifest_is_good() -> None:
    assert isinstance(outcome(GOOD), Manifest)


def structures() -> st.SearchStrategy[object]:
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(VALUES) | st.dates()
    keys = st.sampled_from(KEYS) | st.integers() | st.booleans()
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=20,
    )


@BOUNDED
@given(structures(), st.booleans())
def test_any_structure(structure: object, flow: bool) -> None:
    text = yaml.dump(structure, default_flow_style=flow)
    check(outcome(text), text)


@BOUNDED
@given(st.data())
def test_any_structure_in_the_place_of_a_key(
    manifests: st.SearchStrategy[Manifest], data: st.DataObject
) -> None:
    manifest = as_dict(data.draw(manifests))
    *above, last = data.draw(st.sampled_from(list(paths()))).split(".")
    place = manifest
    for key in above:
        if not isinstance(place.get(name := key.lower()), dict):
            place[name] = {}
        place = place[name]
    place[last] = data.draw(structures())
    text = yaml.dump(manifest)
    check(outcome(text), text)


@BOUNDED
@given(st.data(), st.sampled_from(LOADERS))
def test_a_good_manifest_with_a_slip(data: st.DataObject, loader: object) -> None:
    at = data.draw(st.integers(0, len(GOOD)))
    cut = data.draw(st.integers(0, 8))
    put = data.draw(
        st.text(max_size=3) | st.sampled_from(["\t", "\n", ": ", "- ", "&a ", "*a", "!!int ", '"', "{"])
    )
    text = GOOD[:at] + put + GOOD[at + cut :]
    check(outcome(text, loader), text)


@BOUNDED
@given(st.lists(st.sampled_from(GOOD.splitlines()), max_size=14))
def test_lines_in_any_order(lines: list[str]) -> None:
    text = "\n".join(lines)
    check(outcome(text), text)


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{a: " * 100_000,
        "- " * 100_000,
        "? " * 100_000,
        "a: " * 100_000,
        "".join(f"k{n}: 1\n" for n in range(4_900)),
        "".join(f"{'prot' * 9}{n}: 1\n" for n in range(4_900)),
        "name: a\nvariables:\n" + "".join(f"  a{n}: 1\n" for n in range(4_000)),
        "name: " + "a" * 1_000_000,
        "name: '" + "a" * 1_000_000 + "'",
        "a" * 1_000_000 + ": 1",
        "app: {command: '" + "a b " * 100_000 + "'}",
        "a: &a [" + "1, " * 3000 + "]\nb: [" + "*a, " * 3000 + "]",
        "".join(f"x-{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60)).replace("*a0", "1"),
        "a: &a " + "x" * 100_000 + "\nb: [" + "*a, " * 100 + "]",
        "name: a\nworkers:\n" + "".join(f"  w{n}: {{command: [a]}}\n" for n in range(900)),
        "name: a\njobs: {j: {command: [a], schedule: '" + "*," * 100_000 + "'}}",
        "name: a\njobs: {j: {command: [a], schedule: '" + "9" * 100_000 + " * * * *'}}",
        "name: a\nsecrets:\n" + "".join(f"  S{n}: {'s' * 500}\n" for n in range(1500)),
        "name: a\nworkers: " + "{w: " * 5_000,
        "name: a\nenvironments:\n" + "".join(f"  e{n}: {{target: aws}}\n" for n in range(2_000)),
        "name: a\n"
        + "".join(f"{'prot' * 9}{n}: 1\n" for n in range(4_000))
        + "environments:\n"
        + "".join(f"  e{n}: {{target: aws, region: a-b-1, regoin: 1}}\n" for n in range(20)),
        "name: a\nvariables:\n"
        + "".join(f"  a{n}: [1]\n" for n in range(2_000))
        + "environments:\n"
        + "".join(f"  e{n}: {{target: aws, region: eu-west-1}}\n" for n in range(20)),
        "name: a\ntags: {" + ", ".join(f"k{n}: v" for n in range(4_000)) + "}",
    ],
    ids=range(24),
)
def test_the_largest_and_the_deepest(text: str, loader: object) -> None:
    check(outcome(text, loader), text)


def test_a_flood_of_problems_is_told_in_part() -> None:
    said = outcome("name: a\n" + "".join(f"k{n}: 1\n" for n in range(200)))
    assert isinstance(said, ManifestError)
    assert len(said.problems) == 200
    assert str(said).splitlines()[-1] == "evenly.yaml: and 100 more like these."


@BOUNDED
@given(st.text("0123456789*/,-LW#?@ adefhilmnory\t", max_size=30), st.sampled_from(LOADERS))
def test_any_schedule(schedule: str, loader: object) -> None:
    text = yaml.dump({"name": "a", "jobs": {"night": {"command": ["tidy"], "schedule": schedule}}})
    check(outcome(text, loader), text)


def test_an_error_carries_its_problems_as_data() -> None:
    said = outcome("name: shop\nhttp:\n    port: 70000\n")
    assert isinstance(said, ManifestError)
    assert said.problems == (
        Problem(
            "http.port",
            3,
            11,
            "70000",
            "is too large.",
            "Write a whole number from 1 to 65535, in plain digits.",
        ),
    )
