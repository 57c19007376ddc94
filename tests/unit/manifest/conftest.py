"""Manifests for property tests: every field, over all that the manifest allows."""

import pytest
from hypothesis import strategies as st

from evenly.manifest.checks import InvalidError
from evenly.manifest.names import is_host_name, is_name
from evenly.manifest.types import App, Count, Database, Healthcheck, Http, Manifest, Seconds
from evenly.manifest.variables import check_name

# What an environment variable or an argument can hold: text without NUL.
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
IDENTIFIER = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
FOLDER = st.lists(st.from_regex(r"[a-z0-9_. -]{1,8}", fullmatch=True), min_size=1, max_size=3)


def _may_be_set(name: str) -> bool:
    try:
        check_name(name)
    except InvalidError:
        return False
    return True


def _durations(lowest: int, highest: int) -> st.SearchStrategy[Seconds | None]:
    return st.none() | st.integers(lowest, highest).map(lambda ms: Seconds(ms / 1000))


def _folders() -> st.SearchStrategy[str]:
    return FOLDER.map("/".join).filter(lambda folder: ".." not in folder.split("/"))


def _apps() -> st.SearchStrategy[App]:
    serve = st.builds("{}.{}:{}".format, IDENTIFIER, IDENTIFIER, IDENTIFIER)
    command = st.builds(lambda first, rest: (first, *rest), TEXT.filter(bool), st.lists(TEXT, max_size=4))
    served = st.builds(App, serve=serve, build=_folders())
    return served | st.builds(App, serve=st.none(), command=command, build=_folders())


def _healthchecks() -> st.SearchStrategy[Healthcheck]:
    thresholds = st.none() | st.integers(1, 10)
    return st.builds(
        Healthcheck,
        path=st.from_regex(r"/[a-z0-9/._~%&=:-]{0,20}", fullmatch=True),
        interval=_durations(100, 300_000),
        timeout=_durations(50, 100),
        healthy_threshold=thresholds,
        unhealthy_threshold=thresholds,
        grace_period=_durations(1000, 3_600_000),
    )


def _https() -> st.SearchStrategy[Http]:
    host = st.from_regex(r"[a-z0-9-]{1,10}(\.[a-z]{2,5}){1,2}", fullmatch=True).filter(is_host_name)
    return st.builds(
        Http,
        alias=st.none() | host.filter(lambda name: not name.endswith(".localhost")),
        port=st.none() | st.integers(1, 30_000),
        redirect_port=st.none() | st.integers(30_001, 65_535),
        redirect_to_https=st.booleans(),
        healthcheck=_healthchecks(),
        deregistration_delay=_durations(0, 3_600_000),
    )


def _counts() -> st.SearchStrategy[Count]:
    return st.tuples(st.integers(1, 200), st.integers(1, 200)).map(
        lambda two: Count(minimum=min(two), maximum=max(two))
    )


MANIFESTS = st.builds(
    Manifest,
    name=st.from_regex(r"[a-z][a-z0-9-]{0,39}", fullmatch=True).filter(is_name),
    app=_apps(),
    http=_https(),
    zones=st.integers(2, 6),
    count=_counts(),
    database=st.none()
    | st.builds(Database, version=st.sampled_from([16, 18]), migrations=st.none() | _folders()),
    variables=st.dictionaries(
        st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True).filter(_may_be_set), TEXT, max_size=4
    ),
)


@pytest.fixture(scope="session")
def manifests() -> st.SearchStrategy[Manifest]:
    return MANIFESTS
