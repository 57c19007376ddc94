"""The supervisor's journal as sentences for people: pure words, and small reads of the file's end."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

LAST_BYTES = 16 * 1024

_PHASES: Mapping[str, str] = {
    "authority-made": "certificate authority made",
    "authority-replaced": "certificate authority replaced: what trusted it has to trust the new one, evenly trust",
    "authority-announced": "the next certificate authority is made: trust it too, evenly trust",
    "authority-switched": "the next certificate authority issues from now on",
    "authority-forgotten": "the certificate authority before is trusted no longer",
    "own-certificate-taken": "your certificate is shown, valid until {ends}",
    "own-certificate-refused": "your certificate is refused: {why}",
    "not-renewed": "certificates could not be renewed: {why}",
    "outdated": "to be replaced, one after another: {instances}, because {why}",
    "ready-balancer": "balancer ready",
    "start-database": "database starting",
    "ready-database": "database ready",
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
    "damaged-record": "the record was damaged, and is kept as {kept_as}",
    "problem": "{what}",
}


def sentence(entry: Mapping[str, Any]) -> str | None:
    """A journal entry for a person; `None` for what they need not know."""
    phase = _PHASES.get(str(entry.get("action")))
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
