"""Manifests for property tests, without environments: every field, over all that the manifest allows."""

from collections.abc import Callable
from typing import TypeVar

import msgspec
from hypothesis import assume
from hypothesis import strategies as st

from evenly.manifest.awsvalues import RETENTIONS
from evenly.manifest.checks import InvalidError
from evenly.manifest.fargate import MEMORY
from evenly.manifest.names import is_host_name, is_name
from evenly.manifest.tags import check_tag_key, check_tags
from evenly.manifest.types import (
    MEBIBYTE,
    App,
    Bytes,
    CanaryStep,
    Certificate,
    Compute,
    Cooldown,
    Count,
    Database,
    Deployment,
    Edge,
    Healthcheck,
    Http,
    Job,
    Limits,
    Manifest,
    Network,
    Observability,
    RollbackAlarms,
    Seconds,
    Worker,
)
from evenly.manifest.variables import check_name

T = TypeVar("T")

# What an environment variable or an argument can hold: text without NUL.
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
IDENTIFIER = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
FOLDER = st.lists(st.from_regex(r"[a-z0-9_. -]{1,8}", fullmatch=True), min_size=1, max_size=3)


def _passes(check: Callable[[T], None]) -> Callable[[T], bool]:
    def passes(value: T) -> bool:
        try:
            check(value)
        except InvalidError:
            return False
        return True

    return passes


_VARIABLE = st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True).filter(_passes(check_name))
_PROCESS = st.from_regex(r"[a-z0-9]{1,10}", fullmatch=True)


def _seconds(lowest: int, highest: int) -> st.SearchStrategy[Seconds]:
    """Between two numbers of milliseconds."""
    return st.integers(lowest, highest).map(lambda ms: Seconds(ms / 1000))


def _durations(lowest: int, highest: int) -> st.SearchStrategy[Seconds | None]:
    return st.none() | _seconds(lowest, highest)


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
        timeout=_seconds(1000, 3_600_000),
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
        timeout=_seconds(1000, 86_400_000),
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


def _deployments() -> st.SearchStrategy[Deployment]:
    seconds = _seconds(1000, 86_400_000)
    steps = st.lists(st.integers(1, 99), min_size=1, max_size=4, unique=True).flatmap(
        lambda weights: st.tuples(
            *(st.builds(CanaryStep, weight=st.just(it), time=seconds) for it in sorted(weights))
        )
    )
    rest = {
        "bake": _seconds(0, 86_400_000),
        "rollback_alarms": st.builds(
            RollbackAlarms, errors=st.integers(0, 100).map(float), response_time=_seconds(1, 3_600_000)
        ),
    }
    plain = st.builds(Deployment, strategy=st.sampled_from(["rolling", "blue-green"]), **rest)
    return plain | st.builds(Deployment, strategy=st.just("canary"), steps=steps, **rest)


def _tags() -> st.SearchStrategy[dict[str, str]]:
    keys = st.sampled_from(["owner", "cost-centre"]) | st.text("abzÅ東 -_.:/=+@09", min_size=1, max_size=12)
    values = st.text("abzÅ東-_.:/=+@09 ", min_size=1, max_size=12).filter(str.strip)
    tags = st.dictionaries(keys.filter(_passes(check_tag_key)), values, max_size=3)
    return tags.filter(_passes(check_tags))


def _networks() -> st.SearchStrategy[Network]:
    first = st.integers(0, 255).map("10.{}.0.0/16".format)
    second = st.integers(16, 31).filter(lambda it: it != 17).map("172.{}.0.0/16".format)
    return st.builds(
        Network,
        egress=st.sampled_from(["nat", "nat-per-zone", "endpoints"]),
        internal=st.booleans(),
        cidr=first | second | st.just("192.168.0.0/16"),
    )


def _computes() -> st.SearchStrategy[Compute]:
    hosts = st.builds(
        Compute,
        instance=st.sampled_from(["t3.small", "m7i.large", "x2iedn.metal", "u7i-12tb.224xlarge"]),
        cpu=st.integers(128, 196_608),
        memory=st.integers(64, 1_048_576).map(lambda mebibytes: Bytes(mebibytes * MEBIBYTE)),
    )
    sizes = [(cpu, Bytes(memory)) for cpu, each in MEMORY.items() for memory in each]
    return hosts | st.builds(
        lambda size: Compute(type="fargate", cpu=size[0], memory=size[1]), st.sampled_from(sizes)
    )


def _observabilities() -> st.SearchStrategy[Observability]:
    return st.builds(
        Observability,
        retention=st.sampled_from(RETENTIONS),
        alarms=st.none() | st.just("shop-alarms@example.com"),
        budget=st.none() | st.integers(1, 1_000_000),
        tracing=st.booleans(),
    )


def _databases() -> st.SearchStrategy[Database | None]:
    ours = st.builds(
        Database,
        version=st.sampled_from([16, 18]),
        migrations=st.none() | _folders(),
        multi_zone=st.booleans(),
    )
    elsewhere = st.builds(Database, migrations=st.none() | _folders(), url_from=_VARIABLE)
    return st.none() | ours | elsewhere


SECTIONS: dict[str, st.SearchStrategy[object]] = {
    "app": _apps(),
    "http": _https(),
    "zones": st.integers(2, 6),
    "count": _counts(),
    "database": _databases(),
    "variables": _variables(),
    "secrets": st.dictionaries(
        _VARIABLE.map("S_{}".format), st.from_regex(r"[A-Za-z0-9_/.-]{1,20}", fullmatch=True), max_size=3
    ),
    "workers": st.dictionaries(_PROCESS.map("w-{}".format), _workers(), max_size=2),
    "jobs": st.dictionaries(_PROCESS.map("j-{}".format), _jobs(), max_size=2),
    "deployment": _deployments(),
    "tags": _tags(),
    "network": _networks(),
    "compute": _computes(),
    "edge": st.builds(Edge, default_domain=st.booleans(), firewall=st.booleans()),
    "observability": _observabilities(),
}


def fits(manifest: Manifest) -> bool:
    is_opened = manifest.network.internal and manifest.edge.default_domain
    return not set(manifest.variables) & set(manifest.secrets) and not is_opened


NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,39}", fullmatch=True).filter(is_name)

# Each says something of everything.
FULL = st.builds(Manifest, name=NAMES, **SECTIONS).filter(fits)


@st.composite
def saying_differently(draw: st.DrawFn, manifest: Manifest, most: int = 3) -> Manifest:
    """`manifest`, of which up to `most` sections are others."""
    keys = draw(st.lists(st.sampled_from(list(SECTIONS)), max_size=most, unique=True))
    other = msgspec.structs.replace(manifest, **{key: draw(SECTIONS[key]) for key in keys})
    assume(fits(other))
    return other
