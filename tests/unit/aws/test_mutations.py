"""One property broken in the templates is found by a rule or a check, whichever it is."""

import pytest
from tests.unit.aws.mutations import Mutants, Mutation, broken, mutations

MUTATIONS = mutations()


@pytest.fixture(scope="module")
def mutants() -> Mutants:
    return Mutants()


def test_there_are_mutations_enough_and_no_two_are_one() -> None:
    assert len(MUTATIONS) >= 40
    assert len({(it.stack, it.of, it.id, it.at, repr(it.to)) for it in MUTATIONS}) == len(MUTATIONS)


def test_nothing_is_found_before(mutants: Mutants) -> None:
    assert mutants.findings == set()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda it: it.what)
def test_it_is_found(mutants: Mutants, mutation: Mutation) -> None:
    body = mutants.package.stack(mutation.stack).body
    assert broken(body, mutation) != body
    assert mutants.caught_by(mutation)
