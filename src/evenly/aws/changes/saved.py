"""A plan as bytes: JSON with a version, and back. Pure."""

import msgspec

from evenly.aws.changes.plan import Plan
from evenly.errors import StateError, UsageError

VERSION = 1


class _Saved(msgspec.Struct, frozen=True):
    version: int
    plan: msgspec.Raw


class _Written(msgspec.Struct, frozen=True):
    version: int
    plan: Plan


def encoded(plan: Plan) -> bytes:
    return msgspec.json.format(msgspec.json.encode(_Written(VERSION, plan))) + b"\n"


def decoded(content: bytes, where: str) -> Plan:
    """Raises UsageError for what is no plan, and StateError for one of another version of Evenly."""
    try:
        saved = msgspec.json.decode(content, type=_Saved)
        if saved.version != VERSION:
            what = f"this plan was written by another version of Evenly ({saved.version}, not {VERSION})."
            raise StateError(what, where=where, try_="Plan again: evenly plan -e ENV.")
        return msgspec.json.decode(saved.plan, type=Plan)
    except msgspec.DecodeError as error:
        what = f"this is no plan: {error}."
        raise UsageError(what, where=where, try_="Make one: evenly plan -e ENV --out FILE.") from error
