"""The supervisor's journal, read: as sentences for people, and as an environment's events. Writes nothing."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from evenly.core.facts import Happening
from evenly.local.logs.book import lines_backwards, turned_over

LAST_BYTES = 16 * 1024
PLACES = 1000  # more lines than are ever written within a millisecond

_PHASES: Mapping[str, str] = {
    "authority-made": "certificate authority made",
    "authority-replaced": "certificate authority replaced: what trusted it has to trust the new one, evenly trust",
    "authority-announced": "the next certificate authority is made: trust it too, evenly trust",
    "authority-switched": "the next certificate authority issues from now on",
    "authority-forgotten": "the certificate authority before is trusted no longer",
    "authority-put-back": "the certificate authority's files were deleted, and are there again",
    "own-certificate-taken": "your certificate is shown, valid until {ends}",
    "own-certificate-refused": "your certificate is refused: {why}",
    "not-renewed": "certificates could not be renewed: {why}",
    "outdated": "to be replaced, one after another: {instances}, because {why}",
    "ready-balancer": "balancer ready",
    "renew-balancer": "another balancer is started, to take over from the one that runs",
    "renewed-balancer": "the balancer was renewed without a break: the one before finishes what it has, and ends",
    "not-renewed-balancer": "the balancer was not renewed, and goes on: {why}",
    "start-database": "database starting",
    "ready-database": "database ready",
    "database-none": "the database's standby in {zone} has to be made anew: {why}",
    "database-behind": "the database's standby in {zone} is not in sync: {why}",
    "database-in-sync": "the database's standby in {zone} is in sync",
    "database-promotes": "the database's standby in {zone} takes the primary's place: {why}",
    "database-promoted": "the database's primary is in {zone}",
    "database-standby-waits": "the database's standby is not ready yet: {why}",
    "database-replacing": "the database's data is replaced, and kept as {kept}",
    "database-replaced": "the database's data is replaced",
    "database-not-replaced": "the database goes on as it was: it was written to since, or its new data is gone",
    "backup-taken": "backup {name} of the database is made",
    "backup-failed": "the database was not backed up: {why}",
    "archiving-stopped": "the database's log is archived no longer: {why}",
    "fence-database": "all processes of the database in {zone} are ended: {why}",
    "migrate": "migration {file} applied",
    "launch": "instance {instance} launching: {why}",
    "drain": "instance {instance} draining: {why}",
    "stop": "instance {instance} stopping: {why}",
    "kill": "instance {instance} killed: {why}",
    "ended-instance": "instance {instance} {why}",
    "ended-balancer": "the balancer {why}",
    "ended-database": "the database {why}",
    "adopt-instance": "instance {instance} found running",
    "adopt-balancer": "balancer found running",
    "adopt-database": "database found running",
    "lost-instance": "instance {instance} is gone",
    "launch-worker": "worker {worker} {instance} starting: {why}",
    "stop-worker": "worker {worker} {instance} stopping: {why}",
    "kill-worker": "worker {worker} {instance} killed: {why}",
    "ended-worker": "worker {worker} {instance} {why}",
    "adopt-worker": "worker {worker} {instance} found running",
    "lost-worker": "worker {worker} {instance} is gone",
    "start-job": "job {job} starting in {zone}, attempt {attempt}",
    "stop-job": "job {job} stopping",
    "kill-job": "job {job} killed",
    "ended-job": "job {job} {why}",
    "adopt-job": "job {job} found running",
    "zone-lost": "zone {zone} is lost",
    "zone-returns": "zone {zone} returns",
    "scale": "{count} instances are wanted",
    "scale-because": "{count} instances are wanted: {why}",
    "scale-limited": "{count} instances are the most that count.range allows, and more would be wanted: {why}",
    "deploy": "release {release} takes over from release {before}, asked for by {by}",
    "deploy-resumed": "the deploy of release {release} goes on, {phase}",
    "deploy-growing": "{new} instances of release {release} are wanted, beside {old} of release {before}",
    "deploy-checking": "the synthetic gate asks the new instances",
    "deploy-holding": "release {release} has {share} % of the traffic, and is watched for {seconds} s",
    "deploy-holding-some": "release {release} has its part of the traffic, and is watched for {seconds} s",
    "deploy-holding-all": "release {release} has all the traffic, and is watched for {seconds} s",
    "deploy-failed": "release {release} is rolled back: {why}",
    "deploy-undoing": "release {before} has all the traffic again",
    "deploy-undone": "release {release} is rolled back",
    "deploy-done": "release {release} has taken over",
    "damaged-record": "the record was damaged, and is kept as {kept_as}",
    "folders-gone": "folders were deleted, without which {parts} can't go on: they are started anew",
    "problem": "{what}",
}


# Of a database with two members: which of them it is about.
_MEMBER_PHASES: Mapping[str, str] = {
    "start-database": "database in {zone} starting",
    "ready-database": "database in {zone} ready",
    "ended-database": "the database in {zone} {why}",
    "adopt-database": "database in {zone} found running",
}


def sentence(entry: Mapping[str, Any]) -> str | None:
    """A journal entry for a person; `None` for what they need not know."""
    action = str(entry.get("action"))
    phase = (_MEMBER_PHASES.get(action) if "member" in entry else None) or _PHASES.get(action)
    facts = {name: _one_line(value) for name, value in entry.items()}
    try:
        return phase.format_map(facts) if phase else None
    except KeyError:
        return None


def decode(line: bytes) -> dict[str, Any]:
    """One line of the journal; empty for one that is damaged."""
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}


def last_sentences(journal: Path, count: int) -> tuple[tuple[str, str], ...]:
    """The last `count` sentences, each with its time of day (UTC, `HH:MM:SS`)."""
    try:
        with journal.open("rb") as file:
            file.seek(max(0, journal.stat().st_size - LAST_BYTES))
            entries = [decode(line) for line in file.read().splitlines()]
    except OSError:
        return ()
    told = [(str(it.get("at", ""))[11:19], text) for it in entries if (text := sentence(it))]
    return tuple(told[-count:])


def happenings(journal: Path, after: int) -> tuple[Happening, ...]:
    """What was written after the event of that number, oldest first, from the file and the one before it.

    The number is the event's time in milliseconds and its place among those of the same one, so that it stays when the
    journal begins anew. What is written after the clock was set back is not after what was before.
    """
    found: list[dict[str, Any]] = []
    for entry in map(decode, lines_backwards(turned_over(journal))):
        at_ms = _milliseconds(entry)
        if at_ms is not None and at_ms < after // PLACES:
            break
        if at_ms is not None:
            found.append(entry)
    return tuple(it for it in _numbered(reversed(found)) if it.number > after)


def number_before(moment: datetime) -> int:
    """A number below those of all events from `moment` on (aware)."""
    return round(moment.timestamp() * 1000) * PLACES - 1


def _numbered(entries: Iterable[Mapping[str, Any]]) -> Iterator[Happening]:
    places: dict[int, int] = {}
    for entry in entries:
        at_ms = _milliseconds(entry) or 0
        place = places[at_ms] = places.get(at_ms, -1) + 1
        if what := sentence(entry):
            yield _happening(entry, at_ms * PLACES + place, what)


def _happening(entry: Mapping[str, Any], number: int, what: str) -> Happening:
    return Happening(
        number=number,
        at=str(entry["at"]),
        action=str(entry["action"]),
        what=what,
        instance=entry.get("instance"),
        zone=entry.get("zone"),
        crashed=entry.get("crashed"),
        ran_s=entry.get("ran_s"),
    )


def _milliseconds(entry: Mapping[str, Any]) -> int | None:
    """When it was written, since 1970; `None` for a damaged line."""
    try:
        return round(datetime.fromisoformat(str(entry.get("at"))).timestamp() * 1000)
    except ValueError:
        return None


def sentences_from(journal: Path, offset: int) -> tuple[list[str], int]:
    """The whole lines from `offset` (bytes) on as sentences, and where the next begin."""
    try:
        if journal.stat().st_size < offset:  # another one has begun
            offset = 0
        with journal.open("rb") as file:
            file.seek(offset)
            whole, _, _ = file.read().rpartition(b"\n")
    except OSError:
        return [], offset
    told = [text for line in whole.splitlines() if (text := sentence(decode(line)))]
    return told, offset + (len(whole) + 1 if whole else 0)


def _one_line(value: object) -> str:
    text = str(value).strip()
    line = text.splitlines()[0] if text else ""
    return "".join(each if each.isprintable() else "?" for each in line)
