"""The templates of the edge, of observability and of the budget against AWS's own schemas, as cfn-lint has them."""

import pytest
from cfnlint import ManualArgs, lint
from tests.unit.aws.edgeworld import MANIFESTS

from evenly.aws.stacks.catalogue import CONCERNS
from evenly.aws.topology import aws_topology

OURS = {"edge", "observability", "budget"}


@pytest.mark.parametrize("kind", ["full", "default-domain"])
def test_every_property_is_as_aws_takes_it(kind: str) -> None:
    topology = aws_topology(MANIFESTS[kind], "staging")
    for concern in (it for it in CONCERNS if it.name in OURS and it.wanted(topology)):
        text = concern.template(topology).to_yaml()
        found = lint(text, config=ManualArgs(regions=[concern.region or topology.region]))
        assert [f"{concern.name}: {it.rule.id} {it.message}" for it in found] == []


def test_a_template_that_is_wrong_is_found() -> None:
    topology = aws_topology(MANIFESTS["full"], "staging")
    (budget,) = (it for it in CONCERNS if it.name == "budget")
    text = budget.template(topology).to_yaml()
    assert lint(text, config=ManualArgs(regions=["eu-north-1"]))  # where CloudFormation makes no budgets
