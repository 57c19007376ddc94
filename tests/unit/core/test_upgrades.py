"""Which change of PostgreSQL's version is made, by what the manifest asks for and what there is."""

import pytest

from evenly.core.upgrades import Change, Kept, disagreement, estimate_s, plan_change
from evenly.errors import StateError, UsageError

OLD = Kept(16, "16.replaced-20261126T100000000000Z")
OLDER = Kept(16, "16.replaced-20261125T100000000000Z")
NEW = Kept(18, "18.replaced-20261127T100000000000Z")


def test_data_goes_to_the_version_that_the_manifest_asks_for():
    assert plan_change(16, 18, (), back=False) == Change(16, 18)
    assert plan_change(16, 18, (NEW,), back=False) == Change(16, 18)


@pytest.mark.parametrize(
    ("data", "wanted", "kept", "back", "error", "told"),
    [
        (None, 18, (), False, StateError, "there is no database yet"),
        (18, 18, (), False, StateError, "PostgreSQL 18's already, the newest there is"),
        (16, 16, (), False, UsageError, "Set `database: {version: 18}`, then run evenly database upgrade"),
        (18, 16, (OLD,), False, UsageError, "evenly database upgrade --back"),
        (18, 16, (), False, UsageError, "there is no way from 18 to 16"),
        (18, 16, (), True, StateError, "no data of another version to return to"),
        (18, 16, (NEW,), True, StateError, "no data of another version to return to"),
        (
            18,
            18,
            (OLD,),
            True,
            UsageError,
            "Set `database: {version: 16}`, then run evenly database upgrade --back",
        ),
    ],
)
def test_what_can_t_be_is_refused_with_what_can(data, wanted, kept, back, error, told):
    with pytest.raises(error) as refused:
        plan_change(data, wanted, kept, back=back)
    assert told in f"{refused.value.what} {refused.value.try_}"


def test_the_way_back_leads_to_what_was_replaced_last_of_another_version():
    assert plan_change(18, 16, (OLDER, OLD, NEW), back=True) == Change(18, 16, OLD)
    assert plan_change(16, 18, (OLD, NEW), back=True) == Change(16, 18, NEW)


def test_a_manifest_that_disagrees_with_the_data_is_told_the_command():
    told, to_try = disagreement(16, 18, ())
    assert told == "This environment's data is PostgreSQL 16's, and the manifest asks for 18."
    assert (
        to_try == "Upgrade it: evenly database upgrade. Or set `database: {version: 16}` to keep it as it is."
    )
    assert "--back" in disagreement(18, 16, (OLD,))[1]
    assert "--back" not in disagreement(18, 16, (NEW,))[1]


def test_the_estimate_grows_with_what_is_copied():
    assert estimate_s(0) < 10
    assert estimate_s(2 * 10**9) - estimate_s(10**9) == pytest.approx(estimate_s(10**9) - estimate_s(0))
