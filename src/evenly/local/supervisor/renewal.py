"""Renews certificates while the environment runs: looks every few seconds, and does what is due.

That often, because a look costs milliseconds: so a machine that slept, a clock that was set and a certificate
that its owner has replaced are all noticed soon, by one way.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime

from evenly.core.fleet import Instance
from evenly.local.certificates.renewal import Replace, switch_at
from evenly.local.supervisor.credentials import Certificates
from evenly.local.supervisor.journal import Journal

LOOK_S = 5.0


class Renewal:
    """`instances`: those with certificates of ours. `outdated` hears of those that have to be replaced.

    `notices`: what a person has to do in time, as sentences.
    """

    def __init__(
        self,
        certificates: Certificates,
        journal: Journal,
        instances: Callable[[], Iterable[Instance]],
        outdated: Callable[[tuple[str, ...], str], None],
    ) -> None:
        self._certificates = certificates
        self._journal = journal
        self._instances = instances
        self._outdated = outdated
        self.notices: tuple[str, ...] = ()

    async def run(self) -> None:
        """Look, for ever. A full disk, say, ends no look but this one."""
        while True:
            try:
                await self.look()
            except OSError as error:
                self._journal.write("not-renewed", why=error.strerror)
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        ids = tuple(it.id for it in self._instances())
        for each in await asyncio.to_thread(self._certificates.renew, ids):
            self._tell(each)
        self.notices = await asyncio.to_thread(_notices, self._certificates)

    def _tell(self, told: Replace) -> None:
        known = {it.id for it in self._instances() if it.outdated}
        new = tuple(id for id in told.ids if id not in known)
        if new:
            self._journal.write("outdated", instances=", ".join(new), why=told.why)
            self._outdated(new, told.why)


def _notices(certificates: Certificates) -> tuple[str, ...]:
    switch, own = switch_at(certificates.facts()), certificates.own_ends_soon()
    return (
        *((f"Your certificate for the edge ends on {own:%Y-%m-%d}. Replace its files.",) if own else ()),
        *((_announcement(switch),) if switch else ()),
    )


def _announcement(switch: datetime) -> str:
    return (
        f"The certificate authority is replaced on {switch:%Y-%m-%d}. What trusts it has to trust the next one as "
        "well by then: evenly trust"
    )
