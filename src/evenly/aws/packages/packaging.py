"""All that CloudFormation needs for an environment, in one value: templates, where their parameters come from,
assets. What `evenly package` writes, `evenly lint` looks at, and `evenly plan` and `deploy` hand over is this, and
nothing else.

The design: our stacks, then the user's own, then the user's patches over all of them, then the text. Reads the
project's folders `stacks` and `overrides`, and the sources of the assets."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from msgspec import Struct

from evenly.aws.packages import rendering
from evenly.aws.packages.bundles import Bundle, asset_of, bundle
from evenly.aws.packages.overrides import overridden
from evenly.aws.packages.ownstacks import FOLDER as OWN
from evenly.aws.packages.ownstacks import own_stacks
from evenly.aws.stacks import catalogue
from evenly.aws.stacks.common import base_tags
from evenly.aws.topology import AwsTopology
from evenly.errors import UsageError

# What Evenly looks up when it plans: the digest of the image, the number of the release, ids of what is in the account
# and of what is AWS's, the hash of what was put into a bucket.
LOOKED_UP = (
    "AmiId",
    "CertificateArn",
    "CloudFrontGroup",
    "CloudFrontPrefixList",
    "HostedZoneId",
    "Image",
    "PagesVersion",
    "Release",
)

Json = Mapping[str, Any]


class Origin(StrEnum):
    """Where a parameter's value comes from."""

    ASSET = "asset"  # `said` is the key of it in the bucket of artifacts
    STACK = "stack"  # `said` is the stack whose output of that name it is
    LOOKED_UP = "looked-up"  # found out when it is planned
    DEFAULT = "default"  # what the template says
    NOWHERE = "nowhere"  # nothing gives it: `lint` says so


class Source(Struct, frozen=True):
    origin: Origin
    said: str | None = None


class Packaged(Struct, frozen=True):
    """One stack. `concern`: its name in the catalogue, or of the user's file; `stack`: what CloudFormation calls it.
    `body`: its template, with the long forms of the functions; `text`: the same in YAML. `own`: it is the user's."""

    concern: str
    stack: str
    region: str
    body: Json
    text: str
    parameters: Mapping[str, Source]
    own: bool = False

    @property
    def sha256(self) -> str:
        """Of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


class Package(Struct, frozen=True):
    """An environment. `stacks`: in the order of making; `waves`: their concerns, those of one wave side by side."""

    topology: AwsTopology
    stacks: tuple[Packaged, ...]
    waves: tuple[tuple[str, ...], ...]
    bundles: tuple[Bundle, ...]

    @property
    def tags(self) -> dict[str, str]:
        """Of the stacks themselves."""
        return base_tags(self.topology)

    def stack(self, concern: str) -> Packaged:
        return next(it for it in self.stacks if it.concern == concern)


Bundler = Callable[[str, Path], Bundle]


def package(topology: AwsTopology, project: Path, wheelhouse: Path, make: Bundler = bundle) -> Package:
    """Raises UsageError for what the user's own stacks and patches have wrong, StateError for an asset that can't be
    made. `wheelhouse`: see `bundles`."""
    ours = {name: it.to_dict() for name, it in catalogue.templates(topology).items()}
    own = {it.name: it for it in own_stacks(topology, project, taken(ours))}
    bodies = overridden({**ours, **{it.name: it.body for it in own.values()}}, project, topology.environment)
    bundles = {name: make(name, wheelhouse) for name in assets(bodies)}
    waves = _waves(bodies, {name: it.after for name, it in own.items()})
    sources = {name: parameter_sources(bodies, name, bundles) for name in bodies}
    regions = {it.name: it.region for it in catalogue.CONCERNS} | {it.name: it.region for it in own.values()}

    def packaged(name: str) -> Packaged:
        return Packaged(
            concern=name,
            stack=topology.names.stack(name),
            region=regions[name] or topology.region,
            body=bodies[name],
            text=rendering.rendered(bodies[name]),
            parameters=sources[name],
            own=name in own,
        )

    return Package(
        topology=topology,
        stacks=tuple(packaged(name) for wave in waves for name in wave),
        waves=waves,
        bundles=tuple(bundles.values()),
    )


def taken(ours: Mapping[str, Json]) -> tuple[str, ...]:
    """The names that no stack of the user's can have: those that other environments have are among them."""
    return (*{**dict.fromkeys(it.name for it in catalogue.CONCERNS), **dict.fromkeys(ours)},)


def assets(bodies: Mapping[str, Json]) -> tuple[str, ...]:
    """The names of those that the templates take."""
    parameters = {key for it in bodies.values() for key in it.get("Parameters", ())}
    return tuple(sorted({name for key in parameters if (name := asset_of(key)) is not None}))


def parameter_sources(
    bodies: Mapping[str, Json], name: str, bundles: Mapping[str, Bundle]
) -> dict[str, Source]:
    """Of the stack `name`: where the value of each of its parameters comes from."""
    keys = {it.parameter: it.key for it in bundles.values()}
    outputs = catalogue.upstream(bodies)[name]
    return {
        key: _source(key, said, keys, outputs) for key, said in bodies[name].get("Parameters", {}).items()
    }


def _source(key: str, said: Json, keys: Mapping[str, str], outputs: Mapping[str, str]) -> Source:
    if key in keys:
        return Source(Origin.ASSET, keys[key])
    if key in outputs:
        return Source(Origin.STACK, outputs[key])
    if key in LOOKED_UP:
        return Source(Origin.LOOKED_UP)
    return Source(Origin.DEFAULT, str(said["Default"])) if "Default" in said else Source(Origin.NOWHERE)


def _waves(bodies: Mapping[str, Json], after: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    try:
        return catalogue.waves(bodies, after)
    except ValueError as error:
        what = f"{error}: each takes an output of another."
        raise UsageError(what, where=OWN, try_="Take the parameter, or AFTER, out of one of them.") from error
