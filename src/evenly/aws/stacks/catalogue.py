"""Which stacks an environment has, and in which order they are made. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from troposphere import Template

from evenly.aws.stacks import (
    budget,
    data,
    edge,
    foundation,
    image,
    network,
    observability,
    security,
    service,
)
from evenly.aws.topology import EDGE_REGION, AwsTopology

Json = Mapping[str, Any]


class Concern(Struct, frozen=True):
    """One stack. `after`: others that have to be there, beside those whose outputs it takes. `region`: the one that it
    has to be in; `None`: the environment's. `wanted`: whether the environment has it."""

    name: str
    template: Callable[[AwsTopology], Template]
    after: tuple[str, ...] = ()
    region: str | None = None
    wanted: Callable[[AwsTopology], bool] = lambda _: True


CONCERNS = (
    Concern(foundation.CONCERN, foundation.template),
    Concern(security.CONCERN, security.template),
    Concern(image.CONCERN, image.template),
    Concern(network.CONCERN, network.template),
    Concern(data.CONCERN, data.template, wanted=data.wanted),
    Concern(service.CONCERN, service.template),
    Concern(edge.CONCERN, edge.template, region=EDGE_REGION, wanted=edge.wanted),
    Concern(observability.CONCERN, observability.template),
    Concern(budget.CONCERN, budget.template, region=EDGE_REGION, wanted=budget.wanted),
)
# Made by whoever asks. All others are made by CloudFormation's role, which the last of these makes.
FIRST = (foundation.CONCERN, security.CONCERN)


def templates(topology: AwsTopology) -> dict[str, Template]:
    """The template of each stack that the environment has, in the order of the catalogue."""
    return {it.name: it.template(topology) for it in CONCERNS if it.wanted(topology)}


def upstream(templates: Mapping[str, Template | Json]) -> dict[str, dict[str, str]]:
    """By stack, its parameters that are outputs of others, with whose."""
    made_by = {output: name for name, it in templates.items() for output in _names(it, "Outputs")}
    return {
        name: {key: made_by[key] for key in _names(it, "Parameters") if made_by.get(key, name) != name}
        for name, it in templates.items()
    }


def _names(template: Template | Json, section: str) -> tuple[str, ...]:
    """Of the parameters or outputs. A template that was patched is a mapping."""
    told = template.get(section, {}) if isinstance(template, Mapping) else getattr(template, section.lower())
    return tuple(told)


def waves(
    templates: Mapping[str, Template | Json], after: Mapping[str, Sequence[str]] | None = None
) -> tuple[tuple[str, ...], ...]:
    """The stacks in the order of making: those of one wave need nothing of each other. `after`: of stacks that are in
    no catalogue, what they come after. Raises ValueError where they need each other."""
    needs = {name: set(it.values()) for name, it in upstream(templates).items()}
    for name, others in {**{it.name: it.after for it in CONCERNS}, **(after or {})}.items():
        if name in needs:
            needs[name] |= {it for it in others if it in templates}
    for name in needs.keys() - set(FIRST):
        needs[name] |= needs.keys() & set(FIRST)
    found: list[tuple[str, ...]] = []
    while needs:
        wave = tuple(name for name, missing in needs.items() if not missing & needs.keys())
        if not wave:
            raise ValueError(f"these stacks need each other: {', '.join(needs)}")
        found.append(wave)
        needs = {name: missing for name, missing in needs.items() if name not in wave}
    return tuple(found)
