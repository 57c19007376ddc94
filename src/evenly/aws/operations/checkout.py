"""From a package of the checkout to what plan and deploy work from. Pure."""

from collections.abc import Mapping

from evenly.aws.operations.desired import Asset, Desired, DesiredStack
from evenly.aws.operations.notes import notes
from evenly.aws.packages.packaging import Origin, Package, Packaged
from evenly.aws.stacks.catalogue import CONCERNS
from evenly.aws.topology import EDGE_REGION
from evenly.errors import UsageError


def desired_of(package: Package, given: Mapping[str, str] | None = None) -> Desired:
    """`given`: of what is looked up, what the checkout says. Raises UsageError for a parameter that nothing gives."""
    topology = package.topology
    stacks = tuple(_stack(it, given or {}) for it in package.stacks)
    return Desired(
        names=topology.names,
        region=topology.region,
        account=topology.account,
        production=topology.production,
        tags=package.tags,
        stacks=stacks,
        waves=package.waves,
        assets=tuple(Asset(it.key, it.content) for it in package.bundles),
        regions=tuple(dict.fromkeys((topology.region, EDGE_REGION, *(it.region for it in stacks)))),
        order=tuple(it.name for it in CONCERNS),
        notes=notes(topology),
    )


def _stack(it: Packaged, given: Mapping[str, str]) -> DesiredStack:
    by_origin = {origin: _names(it, origin) for origin in Origin}
    if by_origin[Origin.NOWHERE]:
        what = f"nothing gives its parameter {', '.join(by_origin[Origin.NOWHERE])} a value."
        raise UsageError(
            what, where=it.concern, try_="Give it a default, or the name of another stack's output."
        )
    looked_up = by_origin[Origin.LOOKED_UP]
    return DesiredStack(
        concern=it.concern,
        stack=it.stack,
        region=it.region,
        body=it.body,
        text=it.text,
        given={
            **{name: it.parameters[name].said or "" for name in by_origin[Origin.ASSET]},
            **{name: given[name] for name in looked_up if name in given},
        },
        upstream={name: it.parameters[name].said or "" for name in by_origin[Origin.STACK]},
        looked_up=tuple(name for name in looked_up if name not in given),
    )


def _names(it: Packaged, origin: Origin) -> tuple[str, ...]:
    return tuple(name for name, source in it.parameters.items() if source.origin is origin)
