"""A fleet for the tests of faults, and load: from the sender of `evenly drill`, in runs that count or are repeated."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from tests.e2e.environment import Environment, environment
from tests.e2e.fleets import scaled, settled

from evenly.core.fleet import STABLE_AFTER_S
from evenly.verify.load import LoadPlan, LoadResult
from evenly.verify.sending import sending

RATE = 500.0
VOID_RUNS = 3
BEFORE_S = STABLE_AFTER_S + 0.5  # what serves that long is no failed launch when it dies
AFTER_S = 2.0
MOST_S = 150.0


@pytest.fixture(scope="session")
def environment_of_four() -> Iterator[Environment]:
    with environment("count: {range: 2-8}") as made:
        made.up()
        scaled(made, 4)
        yield made


@pytest.fixture
def fleet(environment_of_four: Environment) -> Iterator[Environment]:
    """Whatever a test did: the next one finds four instances, evenly."""
    made = environment_of_four
    yield made
    if made.look().desired != 4:
        scaled(made, 4)
    made.wait_for(lambda: settled(made, 4), 60, "the settled fleet")


@pytest.fixture(scope="session")
def under_load() -> Callable[..., LoadResult]:
    """Puts a fault in while requests come; a run whose sender was late proves nothing and is repeated."""

    def run(
        made: Environment,
        fault: Callable[[], object],
        rate: float = RATE,
        ca: bytes | None = None,
        once: bool = False,
    ) -> LoadResult:
        """`ca`: whom the load trusts, in place of the environment's authority. `once`: the fault can't be put in again,
        so a run counts whose sender was late: fewer requests at once."""
        plan = planned(made, rate, ca)
        reasons = []
        for _ in range(VOID_RUNS):
            made.wait_healthy()
            result = asyncio.run(sent_around(plan, fault))
            if once:
                return result
            if result.void is None:
                assert result.requests >= rate * result.sent_s * 0.99
                return result
            reasons.append(result.void)
        pytest.fail(
            f"No run counts, of {VOID_RUNS}: {' '.join(reasons)} The machine is too busy for {rate:g}/s."
        )

    return run


def planned(made: Environment, rate: float, ca: bytes | None) -> LoadPlan:
    """As many connections as come requests in a second, for those that wait in a stall."""
    authority = made.home / "certificates" / "ca.pem"
    if ca is not None:
        authority = made.folder / "trusted-by-the-load.pem"
        authority.write_bytes(ca)
    url = f"https://localhost:{made.https_port}/"
    return LoadPlan(url, rate, MOST_S, ca_file=authority, connections=round(rate))


async def sent_around(plan: LoadPlan, fault: Callable[[], object]) -> LoadResult:
    async with sending(plan) as flow:
        await asyncio.sleep(BEFORE_S)
        await asyncio.to_thread(fault)
        await asyncio.sleep(AFTER_S)
        return (await flow.finish()).load
