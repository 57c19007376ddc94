"""The keys of the manifest, what each may hold, and what has to fit together. The one list of keys. Pure."""

from collections.abc import Iterator

from msgspec.structs import replace

from evenly.manifest import awsvalues, checks, others
from evenly.manifest.awssections import COMPUTE, EDGE, NETWORK, OBSERVABILITY, TAGS
from evenly.manifest.checks import Check, InvalidError
from evenly.manifest.sections import APP, COUNT, DATABASE, DEPLOYMENT, HTTP, JOB, WORKER, ZONES
from evenly.manifest.shapes import Conflict, Environments, Named, Section, Shape, Values, Variables
from evenly.manifest.tree import Node
from evenly.manifest.types import AWS_ALONE
from evenly.manifest.variables import check_name


def _parts_of_it(manifest: Values) -> Iterator[Conflict]:
    yield from _names_used_twice(manifest)
    if manifest.get("network", {}).get("internal") and manifest.get("edge", {}).get("default_domain"):
        wrong = InvalidError("opens to everybody what network.internal closes.", "Keep one of the two.")
        why = "CloudFront would open to everybody what it closes"
        yield Conflict(("edge", "default_domain"), wrong, (("network", "internal"),), why, exclusive=True)


def _names_used_twice(manifest: Values) -> Iterator[Conflict]:
    for name in manifest.get("secrets", {}):
        if name in manifest.get("variables", {}):
            wrong = InvalidError("is one of the variables too.", "Keep one of the two.")
            both = ("secrets", name), (("variables", name),)
            yield Conflict(both[0], wrong, both[1], "one name can't be both", exclusive=True)
    for name in manifest.get("jobs", {}):
        if name in manifest.get("workers", {}):
            wrong = InvalidError("is a worker too.", "Rename one of the two.")
            yield Conflict(("jobs", name), wrong, (("workers", name),), "one name can't be both")


def _one_way_to_name_regions(environment: Values) -> Iterator[Conflict]:
    yield from _parts_of_it(environment)
    if "region" in environment and "regions" in environment:
        wrong = InvalidError("stands beside region.", "Keep one of the two.")
        yield Conflict(("regions",), wrong, (("region",),), "one of them is enough", exclusive=True)


MANIFEST = Section(
    {
        "name": checks.name,
        "app": APP,
        "http": HTTP,
        "zones": ZONES,
        "count": COUNT,
        "database": DATABASE,
        "variables": Variables(),
        "secrets": Named(check_name, others.secret_source, nameable=True),
        "workers": Named(others.check_process_name, WORKER),
        "jobs": Named(others.check_process_name, JOB),
        "deployment": DEPLOYMENT,
        "tags": TAGS,
        "network": NETWORK,
        "compute": COMPUTE,
        "edge": EDGE,
        "observability": OBSERVABILITY,
        "environments": Environments(),
    },
    required={"name": "Add a line such as name: hello."},
    conflicts=_parts_of_it,
)

_OWN: dict[str, Check] = {
    "target": awsvalues.target,
    "region": awsvalues.region,
    "regions": awsvalues.regions,
    "account": awsvalues.account,
    "production": checks.truth,
}
_SAME_EVERYWHERE = frozenset({"name", "environments"})
_SAID_DIFFERENTLY: dict[str, Shape] = {
    **{key: shape for key, shape in MANIFEST.keys.items() if key not in _SAME_EVERYWHERE},
    "app": replace(APP, fixed=frozenset({"build"})),
}

ON_AWS = Section(
    {**_OWN, **_SAID_DIFFERENTLY},
    required={"target": "Write target: aws."},
    fixed=_SAME_EVERYWHERE,
    conflicts=_one_way_to_name_regions,
)


def _here(node: Node) -> str:
    if checks.one_value(node, "Write local, or leave it out.") != "local":
        raise InvalidError("is not what local is: this machine.", "Leave it out.")
    return "local"


def _not_here(_: Node) -> None:
    raise InvalidError("is of AWS alone, and local is this machine.", "Leave it out.")


HERE = Section(
    {
        **dict.fromkeys(_OWN, _not_here),
        "target": _here,
        **_SAID_DIFFERENTLY,
        **dict.fromkeys(AWS_ALONE, _not_here),
    },
    fixed=_SAME_EVERYWHERE,
    conflicts=_parts_of_it,
)


def paths(section: Section = MANIFEST, path: str = "") -> Iterator[str]:
    """Every dotted key of the manifest, sections included, in the order of the reference. What an environment may say
    differently is not repeated."""
    for key, shape in section.keys.items():
        here = f"{path}.{key}" if path else key
        yield here
        match shape:
            case Section():
                yield from paths(shape, here)
            case Named(value=Section() as value):
                yield from paths(value, f"{here}.NAME")
            case Environments():
                yield from (f"{here}.NAME.{own}" for own in _OWN)
            case _:
                pass
