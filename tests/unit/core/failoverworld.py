"""Two database servers and a supervisor, as bad as they can be: any of them ends at any time, the supervisor between
any two of its actions too. What is checked of it is in `test_failover`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from evenly.core import failover
from evenly.core.failover import (
    MEMBERS,
    PATIENCE_S,
    REBUILD_AFTER_S,
    Action,
    Book,
    Copy,
    Fence,
    Follower,
    Guard,
    MemberSeen,
    Point,
    Promote,
    Release,
    Replace,
    Replacement,
    Seen,
    Start,
    Write,
    other,
)

Decide = Callable[[Book, Seen], Action | None]


@dataclass
class Server:
    """One member. `log`: the ids that were committed here. `lingering`: its postmaster was killed, its sessions go on.
    `asked`: its settings say that it waits for its standby; `waits`: it does. `hangs`: it does nothing, and may go on
    any time. `pending`: committed, and waiting."""

    log: list[int] = field(default_factory=list)
    standby_data: bool = False
    up: bool = False
    lingering: bool = False
    ready: bool = False
    reads_only: bool = False
    asked: bool = False
    waits: bool = False
    hangs: bool = False
    pending: list[int] = field(default_factory=list)

    @property
    def takes_writes(self) -> bool:
        """From somebody who has connected before; `ready` ones also from somebody new."""
        return (self.up or self.lingering) and not self.reads_only

    def end(self, *, lingering: bool) -> None:
        self.lingering = lingering and (self.up or self.lingering)
        self.up = self.ready = self.hangs = False
        if not self.lingering:
            self.pending.clear()


@dataclass
class Memory:
    """What a supervisor knows without having written it down."""

    quiet: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(MEMBERS, False))
    waits: bool = True  # it could be
    guarding: bool = False
    guarded: bool = False
    guard_from: int | None = None
    copying: bool = False
    copied: bool = False
    hangs: bool = False  # the primary, as it was when it was last asked
    streaming: bool = False  # as it was when it was last looked for
    detached_s: float = 0.0
    asked: Replacement | None = None
    replaced: bool = False


class World:
    """`decide`: the rules, or broken ones."""

    def __init__(self, decide: Decide = failover.decide) -> None:
        self.decide = decide
        self.book = Book()
        self.link: str | None = None
        self.servers = {name: Server() for name in MEMBERS}
        self.zones = dict.fromkeys(MEMBERS, True)
        self.attached = False
        self.acknowledged: list[int] = []
        self.sending = MEMBERS[0]
        self.memory = Memory()
        self.written = 0
        self.asked = 0
        self.restored: dict[str, list[int]] = {}  # data that was made beside, by its folder

    @property
    def primary(self) -> Server:
        return self.servers[self.book.primary]

    @property
    def standby(self) -> Server:
        return self.servers[other(self.book.primary)]

    # --- clients

    def write(self, name: str) -> None:
        server = self.servers[name]
        self.written += 1
        server.log.append(self.written)
        server.pending.append(self.written)
        self.settle(name)

    def settle(self, name: str) -> None:
        """What is committed on `name` is acknowledged, as far as nobody has to be waited for."""
        server, follower = self.servers[name], self.servers[other(name)]
        held = set(follower.log) if server.waits else set(server.log)
        self.acknowledged += [it for it in server.pending if it in held]
        server.pending = [it for it in server.pending if it not in held]

    # --- the world goes on

    def receive(self) -> None:
        """The standby gets what it lacks."""
        if self.attached and not (self.sender.hangs or self.receiver.hangs):
            self.receiver.log[:] = self.sender.log
            self.settle(self.sending)

    def attach(self) -> None:
        for name in MEMBERS:
            sender, receiver = self.servers[name], self.servers[other(name)]
            if sender.hangs or receiver.hangs:
                continue
            if sender.up and sender.ready and not sender.reads_only and receiver.up and receiver.reads_only:
                assert receiver.log == sender.log[: len(receiver.log)], (
                    "the standby has what the primary has not"
                )
                self.attached, self.sending = True, name
                self.memory.detached_s = 0.0

    @property
    def sender(self) -> Server:
        return self.servers[self.sending]

    @property
    def receiver(self) -> Server:
        return self.servers[other(self.sending)]

    def look(self) -> None:
        """That the standby receives, or does so no more, is known some time after it began."""
        self.memory.hangs = self.primary.hangs
        self.memory.streaming = self.attached and self.primary.up and self.sending == self.book.primary

    def detach(self) -> None:
        self.attached = False

    def reload(self, name: str) -> None:
        """A server takes its settings, some time after it was asked to."""
        server = self.servers[name]
        if server.up and not server.hangs:
            server.waits = server.asked
            self.settle(name)

    def become_ready(self, name: str) -> None:
        server = self.servers[name]
        server.ready = server.up and (server.ready or not server.hangs)

    def end(self, name: str, *, lingering: bool) -> None:
        self.servers[name].end(lingering=lingering)
        if not (self.servers[name].lingering and self.attached and self.sending == name):
            self.detach()
        if name == self.book.primary:
            self.memory.guarding = self.memory.copying = self.memory.streaming = self.memory.hangs = False
            self.memory.detached_s = 0.0

    def ask_for_replacement(self, length: int) -> None:
        """Data as it was once is to take the place of the primary's. What an earlier one left, of which the supervisor
        never heard, is of no use any more."""
        self.asked += 1
        name = f"restored-{self.asked}"
        self.restored = {name: self.primary.log[:length]}
        self.memory.asked = Replacement(name, f"{name}-kept")

    def end_supervisor(self) -> None:
        self.memory = Memory()

    def pass_time(self, seconds: float) -> None:
        primary = self.primary
        answers = primary.ready and not primary.hangs
        could = answers and not primary.reads_only and self.zones[other(self.book.primary)]
        self.memory.detached_s = self.memory.detached_s + seconds if could and not self.attached else 0.0

    def guard_further(self) -> None:
        """The settings are seen to hold; then, all that came before is seen to be at the standby."""
        memory, primary = self.memory, self.primary
        if not (memory.guarding and primary.up and primary.waits) or primary.hangs or self.standby.hangs:
            return
        if memory.guard_from is None:
            memory.guard_from = len(primary.log)
        elif self.attached and len(self.standby.log) >= memory.guard_from:
            memory.guarding, memory.guarded = False, True

    def end_copy(self) -> None:
        if self.memory.copying and self.primary.ready and not self.primary.hangs:
            assert not (self.standby.up or self.standby.lingering), "its data is in use"
            self.standby.log = list(self.primary.log)
            self.standby.standby_data = True
            self.memory.copying, self.memory.copied = False, True

    # --- the supervisor

    def seen(self) -> Seen:
        memory = self.memory
        return Seen(
            members={name: self._member(name) for name in MEMBERS},
            link=self.link,
            streaming=memory.streaming,
            detached_s=memory.detached_s,
            waits=memory.waits,
            guarding=memory.guarding,
            guarded=memory.guarded,
            copying=memory.copying,
            copied=memory.copied,
            asked=memory.asked,
            replaced=memory.replaced,
        )

    def _member(self, name: str) -> MemberSeen:
        it = self.servers[name]
        return MemberSeen(
            it.up,
            self.memory.quiet[name],
            it.ready,
            it.ready and it.reads_only,
            self.zones[name],
            it.up and self.memory.hangs and name == self.book.primary,
        )

    def step(self) -> bool:
        """One action of the supervisor's; whether there was one."""
        action = self.decide(self.book, self.seen())
        if action is not None:
            self.do(action)
        return action is not None

    def steps(self, count: int) -> None:
        for _ in range(count):
            self.step()

    def do(self, action: Action) -> None:
        match action:
            case Write(book):
                if book.follower is not Follower.BEHIND or self.book.follower is Follower.NONE:
                    self.memory.detached_s = 0.0
                if book.primary != self.book.primary:
                    self.memory.waits = self.memory.guarding = self.memory.guarded = False
                    self.memory.hangs = False
                    self.memory.streaming = False
                if book.replacing != self.book.replacing:
                    done = self.book.replacing
                    assert done is None or done.source not in self.restored, "it is not in its place"
                    self.memory.asked, self.memory.replaced = None, False
                self.book = book
                self.memory.copied = False
            case Fence(name):
                self.end(name, lingering=False)
                self.memory.quiet[name] = True
            case Start(name, waits):
                self._start(name, waits)
            case Promote(name):
                self._promote(self.servers[name])
            case Point(name):
                self.link = name
            case Guard(name):
                self.servers[name].asked = self.memory.waits = self.memory.guarding = True
                self.memory.guard_from = None
            case Release(name):
                self.servers[name].asked = self.memory.waits = False
                self.memory.guarding = self.memory.guarded = False
            case Copy():
                self.memory.copying = True
            case Replace(name, replacement):
                self._replace(name, replacement)

    def _start(self, name: str, waits: bool) -> None:
        server = self.servers[name]
        assert not server.up, "it runs already"
        server.lingering = False
        server.pending.clear()
        server.up, server.ready, server.reads_only = True, False, server.standby_data
        server.asked = server.waits = waits
        self.memory.quiet[name] = False
        if name == self.book.primary:
            self.memory.waits, self.memory.guarded = waits, False

    def _replace(self, name: str, replacement: Replacement) -> None:
        """What was acknowledged since is lost on purpose."""
        for server in self.servers.values():
            assert not (server.up or server.lingering), "its data is in use"
        assert not self.memory.copying, "the data is being copied"
        if replacement.source in self.restored:
            self.servers[name].log = self.restored.pop(replacement.source)
            self.servers[name].standby_data = False
            self.acknowledged = [it for it in self.acknowledged if it in self.servers[name].log]
        self.memory.replaced = True

    def _promote(self, server: Server) -> None:
        if server.hangs:
            return
        server.reads_only = server.standby_data = False
        self.detach()

    # --- what has to hold

    def check(self) -> None:
        taking = [name for name in MEMBERS if self.servers[name].takes_writes]
        assert len(taking) <= 1, "split brain"
        missing = set(self.acknowledged) - set(self.primary.log)
        assert not missing, f"acknowledged, and not at the primary: {missing}"
        if self.book.follower is Follower.IN_SYNC:
            assert not set(self.acknowledged) - set(self.standby.log), (
                "in sync, and lacks what was acknowledged"
            )

    def serves(self) -> None:
        """It takes a write, and acknowledges it."""
        assert self.link == self.book.primary
        assert self.primary.ready
        self.write(self.link)
        self.receive()
        assert self.acknowledged[-1:] == [self.written], "a write is not acknowledged"
        self.check()

    # --- when nothing goes wrong any more

    def recover(self, rounds: int) -> None:
        """All that goes on by itself goes on, so many times."""
        for _ in range(rounds):
            for name in MEMBERS:
                if self.servers[name].lingering:
                    self.end(name, lingering=False)
                self.become_ready(name)
                self.reload(name)
            if self.standby.hangs:
                self.detach()
            self.attach()
            self.look()
            self.receive()
            self.guard_further()
            self.end_copy()
            if not self.step():
                self.pass_time(PATIENCE_S if self.memory.detached_s < 3 else REBUILD_AFTER_S)
