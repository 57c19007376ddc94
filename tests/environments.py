"""Manifests with environments for property tests."""

import msgspec
from hypothesis import strategies as st
from tests.manifests import FULL, NAMES, saying_differently

from evenly.manifest.awsvalues import REGIONS, check_name_on_aws
from evenly.manifest.checks import InvalidError
from evenly.manifest.environments import overrides
from evenly.manifest.types import LOCAL, Environment, Manifest


def _is_a_name_on_aws(name: str) -> bool:
    try:
        check_name_on_aws(name)
    except InvalidError:
        return False
    return True


@st.composite
def _environments(draw: st.DrawFn, manifest: Manifest, name: str) -> Environment:
    own = draw(saying_differently(manifest))
    own = msgspec.structs.replace(own, app=msgspec.structs.replace(own.app, build=manifest.app.build))
    if name == LOCAL:
        return Environment(target="local", overrides=overrides(manifest, own, "local"))
    return Environment(
        target="aws",
        regions=tuple(draw(st.lists(st.sampled_from(REGIONS), min_size=1, max_size=3, unique=True))),
        account=draw(st.none() | st.just("012345678901")),
        production=draw(st.booleans()),
        overrides=overrides(manifest, own, "aws"),
    )


@st.composite
def _with_environments(draw: st.DrawFn) -> Manifest:
    manifest = draw(saying_differently(Manifest(name="shop"), most=4))
    names = draw(st.lists(st.sampled_from([LOCAL, "staging", "live"]), min_size=1, max_size=2, unique=True))
    environments = {name: draw(_environments(manifest, name)) for name in names}
    return msgspec.structs.replace(manifest, environments=environments)


MANIFESTS = FULL | _with_environments()
NAMES_ON_AWS = NAMES.filter(_is_a_name_on_aws)
ENVIRONMENT_NAMES = st.from_regex(r"[a-z][a-z0-9]{0,19}", fullmatch=True).filter(lambda it: it != LOCAL)


@st.composite
def _on_aws(draw: st.DrawFn) -> tuple[Manifest, str]:
    manifest = draw(saying_differently(Manifest(name=draw(NAMES_ON_AWS))))
    name = draw(ENVIRONMENT_NAMES)
    environment = draw(_environments(manifest, name))
    return msgspec.structs.replace(manifest, environments={name: environment}), name


# With the name of their one environment, which is on AWS.
ON_AWS = _on_aws()
