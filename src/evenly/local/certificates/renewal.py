"""What is to be renewed now: facts of certificates in, actions out. Pure; the clock is passed in.

Edge and client certificates are issued anew, since the balancer takes a new file without dropping a connection.
An instance cannot: it is replaced. The authority is replaced in steps, none of which refuses a connection:

1. ANNOUNCED_BEFORE its end the next authority is made. Both are trusted from then on; instances that started
   before do not know the next one, and are replaced. People have NOTICE to trust it.
2. SWITCHED_BEFORE the end, and once every instance trusts the next one, that one issues. The old is still trusted.
3. Instances with a certificate of the old one are replaced. When none is left, the old is forgotten.
"""

from datetime import UTC, datetime, timedelta

from msgspec import Struct

ALWAYS = datetime.min.replace(tzinfo=UTC)
NOTICE = timedelta(days=30)
SWITCHED_BEFORE = timedelta(days=90)  # the longest that what the old one issued can last
ANNOUNCED_BEFORE = SWITCHED_BEFORE + NOTICE
LAST_CALL = timedelta(days=30)  # this short before the end there is no time left for notice


class Life(Struct, frozen=True):
    """From when, and until when, an authority is valid."""

    begins: datetime
    ends: datetime


class Leaf(Struct, frozen=True):
    """One certificate. `current`: the authority that issues now has issued it, for the names that are wanted.
    `begins`: it is not valid before, which matters where the clock was set back."""

    ends: datetime
    renew_at: datetime
    current: bool
    begins: datetime = ALWAYS


class Served(Struct, frozen=True):
    """An instance: its certificate, `None` if it is lost, and whether it trusts the `next` authority."""

    id: str
    leaf: Leaf | None
    trusts_next: bool


class Facts(Struct, frozen=True):
    """All certificates of an environment. `next`: the authority to come, if it was made; `old_trusted`: whether
    the one before is still trusted. `edge` and `client` are `None` where they are missing or damaged."""

    authority: Life
    next: Life | None
    old_trusted: bool
    edge: Leaf | None
    client: Leaf | None
    instances: tuple[Served, ...]
    own_edge: bool = False


class MakeNext(Struct, frozen=True):
    """Make the next authority, and trust it."""


class Switch(Struct, frozen=True):
    """From now on the next authority issues."""


class ForgetOld(Struct, frozen=True):
    """Trust the authority before no longer."""


class IssueEdge(Struct, frozen=True):
    pass


class IssueClient(Struct, frozen=True):
    pass


class Replace(Struct, frozen=True):
    """These instances, and why: a clause."""

    ids: tuple[str, ...]
    why: str


Action = MakeNext | Switch | ForgetOld | IssueEdge | IssueClient | Replace


def due(facts: Facts, now: datetime) -> tuple[Action, ...]:
    """What to do now. An authority that was switched to changes the rest, so it is done alone, and asked again."""
    step = _crossing(facts, now)
    if isinstance(step, MakeNext | Switch):
        return (step,)
    return (
        *((IssueEdge(),) if not facts.own_edge and _is_due(facts.edge, now) else ()),
        *((IssueClient(),) if _is_due(facts.client, now) else ()),
        *((step,) if step else ()),
        *_replacements(facts, now),
    )


def switch_at(facts: Facts) -> datetime | None:
    """When the next authority begins to issue, if all goes well; `None` as long as there is none."""
    if facts.next is None:
        return None
    planned = max(facts.authority.ends - SWITCHED_BEFORE, facts.next.begins + NOTICE)
    return min(planned, max(facts.authority.ends - LAST_CALL, facts.next.begins))


def _crossing(facts: Facts, now: datetime) -> MakeNext | Switch | ForgetOld | None:
    if facts.old_trusted:
        return ForgetOld() if _all_are_current(facts) else None
    if facts.next is None:
        return MakeNext() if now >= facts.authority.ends - ANNOUNCED_BEFORE else None
    planned = switch_at(facts)
    known = all(it.trusts_next for it in facts.instances)
    return Switch() if known and planned is not None and now >= planned else None


def _all_are_current(facts: Facts) -> bool:
    edge = () if facts.own_edge else (facts.edge,)
    leaves = (*edge, facts.client, *(it.leaf for it in facts.instances))
    return all(it is not None and it.current for it in leaves)


def _is_due(leaf: Leaf | None, now: datetime) -> bool:
    return leaf is None or not leaf.current or not leaf.begins <= now < leaf.renew_at


def _replacements(facts: Facts, now: datetime) -> tuple[Replace, ...]:
    reasons: dict[str, tuple[str, ...]] = {}
    for it in facts.instances:
        why = _why(it, facts, now)
        if why:
            reasons[why] = (*reasons.get(why, ()), it.id)
    return tuple(Replace(ids, why) for why, ids in reasons.items())


def _why(instance: Served, facts: Facts, now: datetime) -> str | None:
    leaf = instance.leaf
    if leaf is None:
        return "its certificate is lost"
    if not leaf.current:
        return "the certificate authority was replaced"
    if facts.next is not None and not instance.trusts_next:
        return "the certificate authority is going to be replaced"
    if now < leaf.begins:
        return "its certificate is not valid yet, for the clock was set back"
    return f"its certificate ends on {leaf.ends:%Y-%m-%d}" if now >= leaf.renew_at else None
