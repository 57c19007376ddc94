"""Manifests for property tests: every field, over all that the manifest allows."""

import pytest
from hypothesis import strategies as st

from evenly.manifest.checks import InvalidError
from evenly.manifest.names import is_host_name, is_name
from evenly.manifest.types import (
    App,
    Bytes,
    Certificate,
    Cooldown,
    Count,
    Database,
    Healthcheck,
    Http,
    Job,
    Limits,
    Manifest,
    Seconds,
    Worker,
)
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


_VARIABLE = st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True).filter(_may_be_set)
_PROCESS = st.from_regex(r"[a-z0-9]{1,10}", fullmatch=True)


def _durations(lowest: int, highest: int) -> st.SearchStrategy[Seconds | None]:
    return st.none() | st.integers(lowest, highest).map(lambda ms: Seconds(ms / 1000))


def _folders() -> st.SearchStrategy[str]:
    return FOLDER.map("/".join).filter(lambda folder: ".." not in folder.split("/"))


def _apps() -> st.SearchStrategy[App]:
    serve = st.builds("{}.{}:{}".format, IDENTIFIER, IDENTIFIER, IDENTIFIER)
    protocol = st.sampled_from(["https", "http"])
    served = st.builds(App, serve=serve, build=_folders(), protocol=protocol)
    return served | st.builds(App, serve=st.none(), command=_commands(), build=_folders(), protocol=protocol)


def _commands() -> st.SearchStrategy[tuple[str, ...]]:
    return st.builds(lambda first, rest: (first, *rest), TEXT.filter(bool), st.lists(TEXT, max_size=4))


def _limits() -> st.SearchStrategy[Limits]:
    return st.builds(
        Limits,
        body=st.integers(1, 100 * 1024 * 1024).map(lambda kibibytes: Bytes(kibibytes * 1024)),
        timeout=st.integers(1000, 3_600_000).map(lambda ms: Seconds(ms / 1000)),
        connections=st.integers(16, 65_536),
        requests=st.none() | st.integers(1, 100_000),
    )


def _workers() -> st.SearchStrategy[Worker]:
    return st.builds(Worker, command=_commands(), count=st.integers(1, 200), variables=_variables())


def _jobs() -> st.SearchStrategy[Job]:
    return st.builds(
        Job,
        command=_commands(),
        schedule=st.sampled_from(["30 2 * * *", "*/5 * * * 1-5", "0 0 1 1 *"]),
        timeout=st.integers(1000, 86_400_000).map(lambda ms: Seconds(ms / 1000)),
        retries=st.integers(0, 10),
        variables=_variables(),
    )


def _variables() -> st.SearchStrategy[dict[str, str]]:
    return st.dictionaries(_VARIABLE, TEXT, max_size=4)


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
        error_pages=st.none() | _folders(),
        certificate=st.none() | st.builds(Certificate, chain=_folders(), key=_folders()),
        limits=_limits(),
    )


def _counts() -> st.SearchStrategy[Count]:
    cooldown = _durations(0, 3_600_000)
    return st.builds(
        lambda two, **more: Count(minimum=min(two), maximum=max(two), **more),
        st.tuples(st.integers(1, 200), st.integers(1, 200)),
        response_time=_durations(1, 60_000),
        requests=st.none() | st.integers(1, 100_000),
        cpu=st.none() | st.integers(1, 100),
        cooldown=st.builds(Cooldown, scale_in=cooldown, scale_out=cooldown),
    )


MANIFESTS = st.builds(
    Manifest,
    name=st.from_regex(r"[a-z][a-z0-9-]{0,39}", fullmatch=True).filter(is_name),
    app=_apps(),
    http=_https(),
    zones=st.integers(2, 6),
    count=_counts(),
    database=st.none()
    | st.builds(
        Database,
        version=st.sampled_from([16, 18]),
        migrations=st.none() | _folders(),
        multi_zone=st.booleans(),
    )
    | st.builds(Database, migrations=st.none() | _folders(), url_from=_VARIABLE),
    variables=_variables(),
    secrets=st.dictionaries(
        _VARIABLE.map("S_{}".format), st.from_regex(r"[A-Za-z0-9_/.-]{1,20}", fullmatch=True), max_size=3
    ),
    workers=st.dictionaries(_PROCESS.map("w-{}".format), _workers(), max_size=2),
    jobs=st.dictionaries(_PROCESS.map("j-{}".format), _jobs(), max_size=2),
).filter(lambda it: not set(it.variables) & set(it.secrets))


@pytest.fixture(scope="session")
def manifests() -> st.SearchStrategy[Manifest]:
    return MANIFESTS
