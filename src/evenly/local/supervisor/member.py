"""One member of the database: what its process is started with, and when. Which it is to be, `room` decides."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from evenly.core.failover import MEMBERS, MemberSeen, other
from evenly.core.fleet import ProcessRef
from evenly.core.status import DatabaseMember, PartState, Role
from evenly.errors import StateError
from evenly.local import postgres, processes
from evenly.local.paths import Paths
from evenly.local.postgres import Readiness
from evenly.local.postgres.configuration import write_configuration
from evenly.local.postgres.replication import UNREACHABLE, clear, configure, reads_only, write_password
from evenly.local.processes import HOME_MARK, MEMBER_MARK, ROLE_MARK, Command, Marked
from evenly.local.reporting import part_status
from evenly.local.supervisor.database import DATABASE_ROLE, Database
from evenly.local.supervisor.ground import Ground
from evenly.local.supervisor.parts import PartKeeper

READY_POLL_S = 5.0  # how long one wait for readiness lasts before it is begun again
WAIT_S = 0.02
POLL_S = 0.005
ENDED_WITHIN_S = 5.0


class Member:
    """`name`: a or b. `zone`: where it is. `changed` hears of every change."""

    def __init__(
        self, name: str, zone: str, database: Database, ground: Ground, changed: Callable[[], None]
    ) -> None:
        self.name = name
        self.zone = zone
        self.quiet = False
        self.is_standby = False
        self._database = database
        self._paths: Paths = ground.paths
        self._changed = changed
        self._permitted = asyncio.Event()
        self._waits = False
        self._reads_only = False
        self._locked_out = False
        self.keeper = PartKeeper(
            DATABASE_ROLE,
            command=self._command,
            wait_ready=self._wait_ready,
            changed=self._part_changed,
            watches=ground.watches,
            journal=ground.journal,
            clock=time.monotonic,
            facts={} if database.alone else {"member": name, "zone": zone},
        )

    @property
    def server(self) -> postgres.Server:
        return self._database.server(self.name)

    @property
    def process(self) -> ProcessRef | None:
        return self.keeper.part.process

    @property
    def runs(self) -> bool:
        """It does, or was asked to."""
        return self.process is not None or self._permitted.is_set()

    def seen(self, *, zone_up: bool, hung: ProcessRef | None = None) -> MemberSeen:
        """What was killed with the other member is not ready any more, though its end is not heard of yet."""
        lives = self.process is not None and processes.is_alive(self.process)
        ready, is_hung = lives and self.keeper.part.ready, hung is not None and hung == self.process
        return MemberSeen(self.runs, self.quiet, ready, ready and self._reads_only, zone_up, is_hung)

    def adopt(self, marked: Marked) -> None:
        self.keeper.adopt(marked.process)

    def permit(self, *, waits: bool, is_standby: bool) -> None:
        """Have it started: as a primary that `waits` for its standby, or as the standby."""
        self.quiet = False
        self.is_standby = is_standby
        self._waits = waits
        self._permitted.set()

    def promoted(self) -> None:
        self.is_standby = self._reads_only = False

    def status(self, role: Role, *, coming: bool, in_sync: bool) -> DatabaseMember:
        """`coming`: where it does not run, it is about to, as long as it does not end again and again."""
        found = part_status(self.keeper.part)
        absent = found.pid is None and self.keeper.part.failures == 0
        state = PartState.STARTING if coming and absent else found.state
        return DatabaseMember(self.zone, role, state, found.pid, in_sync)

    def configure(self, *, waits: bool) -> None:
        """Have it take the settings as they are now, if it runs."""
        if self.process is not None and processes.is_alive(self.process):
            configure(self.server, waits=waits, postmaster=self.process.pid)

    def forbid(self) -> None:
        """It is not to be started again."""
        self._permitted.clear()

    async def fence(self) -> None:
        """End all that works on its data, and be sure of it. Raises StateError when something stays."""
        self.forbid()
        if self.process is not None:
            self.keeper.kill("it is fenced")
        await clear(self.server.data)
        until = time.monotonic() + ENDED_WITHIN_S
        while self.process is not None and time.monotonic() < until:
            await asyncio.sleep(POLL_S)
        self.quiet = self.process is None

    async def _command(self) -> Command:
        """Waits until it may start. What it is started with is put down last, so that nothing comes in between."""
        while True:
            await self._permitted.wait()
            await self._make_way()
            if self._permitted.is_set():
                return self._started()

    async def _make_way(self) -> None:
        """Bring data, settings and sockets into order."""
        server, passwords = self.server, self._database.passwords()[0]
        postgres.make_folders(server)
        made = False
        if self.name == MEMBERS[0] and not self._has_peer_data():
            made = await postgres.initialise(server, passwords)
        await asyncio.to_thread(write_configuration, server)
        if server.peer is not None:
            await clear(server.data)
        await postgres.make_way(server)
        if self._locked_out and not made:
            await postgres.reset_superuser(server, passwords)
            self._locked_out = False

    def _has_peer_data(self) -> bool:
        return self._database.server(other(self.name)).data.is_dir()

    def _started(self) -> Command:
        server = self.server
        write_configuration(server, waits=self._waits)
        if server.peer is not None:
            write_password(server, self._database.passwords()[1])
        started = postgres.command(server)
        marks = {ROLE_MARK: DATABASE_ROLE, MEMBER_MARK: self.name, HOME_MARK: str(self._paths.home)}
        return Command(
            argv=started.argv,
            environment={**started.environment, **marks},
            folder=Path("/"),
            log=self._paths.logs / "database.log",
            account=started.account,
        )

    async def _wait_ready(self) -> None:
        """Raises StateError when a primary refuses our password: `secrets.json` was lost, the data was not. The next
        start, after this one was ended, sets the new password. A standby gets it from its primary."""
        server, passwords = self.server, self._database.passwords()[0]
        while (
            found := await postgres.wait_ready(server, passwords.superuser, READY_POLL_S)
        ) is not Readiness.READY:
            if found is Readiness.REFUSED and not self.is_standby:
                self._locked_out = True
                raise StateError("refuses the password in secrets.json", where=str(self._paths.secrets))
            await asyncio.sleep(WAIT_S)
        while (found_out := await self._reads()) is None:
            await asyncio.sleep(WAIT_S)
        self._reads_only = found_out

    async def _reads(self) -> bool | None:
        """Whether it answers as a standby does; `None` if it does not answer any more."""
        try:
            return await reads_only(self.server, self._database.passwords()[0])
        except UNREACHABLE:
            return None

    def _part_changed(self) -> None:
        if self.process is None:
            self._permitted.clear()
        self._changed()
