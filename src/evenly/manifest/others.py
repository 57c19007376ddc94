"""What a manifest may say of secrets, workers and jobs. Pure."""

import re
from datetime import UTC, datetime

from evenly.manifest.checks import InvalidError, one_value
from evenly.manifest.names import is_name
from evenly.manifest.problems import looks_secret
from evenly.manifest.tree import Mapping, Node, Scalar, Sequence

PARTS = frozenset({"access", "app", "balancer", "database", "instance", "supervisor", "watchdog"})

NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
LONGEST_SCHEDULE = 500  # characters: every minute of the hour by its number is 170
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)

_SECRET_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
_SOURCE = re.compile(r"[A-Za-z0-9_/.:+=@-]{1,512}", re.ASCII)


def check_process_name(name: str) -> None:
    """Raises `InvalidError` if no worker and no job can have this name."""
    if name in PARTS:
        raise InvalidError("is the name of a part of Evenly.", f"Choose another, such as my-{name}.")
    if not is_name(name):
        rule = "Use lower-case letters, digits and hyphens, beginning with a letter, at most 40 in all."
        raise InvalidError("is not a name for a process.", rule)


def secret_source(node: Node) -> str:
    """The name under which the target keeps a secret. What looks like a secret itself is never shown."""
    advice = "Write a name, such as STRIPE_KEY or /shop/stripe-key, never the secret itself."
    match node:
        case Sequence() | Mapping():
            raise InvalidError("is not a name.", advice)
        case Scalar(text=text):
            if not _SOURCE.fullmatch(text) or looks_secret("", text):
                raise InvalidError("is not the name of a secret.", advice)
            return text


def secret_name(node: Node) -> str:
    """The name of the variable in `.env` that holds a secret."""
    advice = "Write the name of a secret, such as DATABASE_SECRET, and put its value into .env."
    text = one_value(node, advice)
    if not _SECRET_NAME.fullmatch(text):
        raise InvalidError("is not the name of a secret.", advice)
    return text


def schedule(node: Node) -> str:
    """A cron expression of five fields, in UTC."""
    from cronsim import CronSim, CronSimError  # only a manifest with jobs pays for it

    advice = 'Write a cron expression of five fields, in UTC, such as "30 2 * * *" or @daily.'
    text = " ".join(one_value(node, advice).split())
    expression = NICKNAMES.get(text.lower(), text)
    if len(expression.split()) != 5 or len(expression) > LONGEST_SCHEDULE:
        raise InvalidError("is not a schedule.", advice)
    try:
        CronSim(expression, EPOCH)
    except CronSimError as error:
        raise InvalidError(f"is not a schedule ({error}).", advice) from None
    return expression
