"""No secret that slips into a manifest, and no value of a variable, is ever in what is told about it."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from evenly.manifest.parsing import parse
from evenly.manifest.problems import ManifestError

LOADERS = [yaml.CSafeLoader, yaml.SafeLoader]
KEYS = ["name", "app", "http", "secrets", "variables", "command", "PORT", "port ", "x-mine"]
SECRET = "hunter2"


def refusal(text: str, loader: object = None) -> ManifestError:
    """None of these has a name, at the least."""
    with pytest.raises(ManifestError) as raised:
        parse(text, "evenly.yaml", loader=loader)
    return raised.value


@pytest.mark.parametrize(
    "text",
    [
        f"variables:\n  DB_PASSWORD: {SECRET}\n  zones: 1\n",
        f"variables:\n  DB_PASSWORD={SECRET}\n",
        f"variables: {{DB_PASSWORD:{SECRET}}}\n",
        f"variables: {{DB_PASSWORD={SECRET}: 1}}\n",
        f"variables: [DB_PASSWORD={SECRET}]\n",
        f"variables:\n  DB_PASSWORD: *{SECRET}\n",
        f"variables:\n  DB_PASSWORD: !{SECRET}\n",
        f"variables:\n  DB_PASSWORD: @{SECRET}\n",
        f"variables:\n  DB_PASSWORD: '{SECRET}\n",
        f"variables:\n  DB_PASSWORD: {SECRET}: {SECRET}\n",
        f"variables:\n  DB_PASSWORD: [{SECRET}]\n",
        f'variables:\n  DB_PASSWORD: "{SECRET}\\0"\n',
        f"variables:\n  db-password: {SECRET}\n",
        f"variables:\n  PGPASSWORD: {SECRET}\n",
        f"variables:\n  DB_PASSWORD: one\n  DB_PASSWORD: {SECRET}\n",
        f"DB_PASSWORD: {SECRET}\n",
        f"secrets: {{DB_PASSWORD: {SECRET}}}\n",
        f"database: postgresql://app:{SECRET}@db/shop\n",
        f"http: {{alias: 'https://app:{SECRET}@shop.example.com/'}}\n",
        f"app: {{command: [serve, {{password: {SECRET}}}]}}\n",
        f"app: {{command: 'serve postgresql://app:{SECRET}@db/shop'}}\n",
        f"secrets: [DB_PASSWORD={SECRET}]\n",
        f"secrets:\n  DB_PASSWORD: 'it is {SECRET}'\n",
        f"secrets:\n  DB_PASSWORD: {{value: {SECRET}}}\n",
        f"secrets:\n  DB_PASSWORD={SECRET}: X\n",
        f"secrets: {SECRET}\n",
        f"database: {{url_from: 'postgresql://app:{SECRET}@db/shop'}}\n",
        f"http: {{certificate: '-----BEGIN PRIVATE KEY-----{SECRET}'}}\n",
        f"http: {{certificate: {{chain: a.pem, key: [{SECRET}]}}}}\n",
        f"workers: {{mail: {{command: [work], variables: {{DB_PASSWORD: [{SECRET}]}}}}}}\n",
        f"workers: {{mail: {{command: 'work --token {SECRET}', count: x}}}}\n",
        f"workers: {{mail: 'work --token={SECRET}'}}\n",
        f"jobs: {{night: {{command: [a], schedule: 'postgresql://app:{SECRET}@db'}}}}\n",
        f"jobs: {{night: {{command: [a], schedule: '@daily', variables: {{DB_PASSWORD={SECRET}: 1}}}}}}\n",
        f"environments: {{live: {{secrets: {{DB_PASSWORD: 'it is {SECRET}'}}}}}}\n",
        f"environments: {{live: {{variables: {{DB_PASSWORD: [{SECRET}]}}}}}}\n",
        f"environments: {{live: {{variables: {{DB_PASSWORD: {SECRET}}}, secrets: {{DB_PASSWORD: a}}}}}}\n",
        f"variables: {{DB_PASSWORD: {SECRET}}}\nenvironments: {{live: {{secrets: {{DB_PASSWORD: a}}}}}}\n",
        f"secrets: {{DB_PASSWORD: a}}\nenvironments: {{live: {{variables: {{DB_PASSWORD: {SECRET}}}}}}}\n",
        f"environments: {{live: {{DB_PASSWORD={SECRET}: 1}}}}\n",
        f"environments: {{live: 'postgresql://app:{SECRET}@db'}}\n",
        f"environments: {{live: {{database: {{url_from: 'postgresql://app:{SECRET}@db/shop'}}}}}}\n",
    ],
)
@pytest.mark.parametrize("loader", LOADERS)
def test_no_secret_is_ever_told(text: str, loader: object) -> None:
    said = refusal(f"zones: 1\n{text}", loader)
    assert SECRET not in str(said)
    assert SECRET not in repr(said)
    assert SECRET not in repr(said.problems)


@given(
    st.sampled_from(
        [
            "variables",
            "secrets",
            "workers.web.variables",
            "jobs.web.variables",
            "environments.local.variables",
            "environments.live.secrets",
            "environments.live.workers.web.variables",
        ]
    ),
    st.recursive(
        st.sampled_from([SECRET, f"{SECRET}\0", f"https://app:{SECRET}@db/"]),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=2),
        max_leaves=6,
    ),
    st.sampled_from(["A", "DB_PASSWORD", "password", "PGPASSWORD", "PORT", "1", ""]),
)
def test_no_secret_is_ever_told_wherever_variables_are(place: str, value: object, name: str) -> None:
    held: object = {name: value} if name else value
    for key in reversed(place.split(".")):
        held = {key: held}
    said = refusal(yaml.dump(held))
    assert SECRET not in str(said)
    assert SECRET not in repr(said.problems)
