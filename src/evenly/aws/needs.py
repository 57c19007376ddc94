"""What has to be installed for environments on AWS, beside what Evenly always needs."""

from importlib.util import find_spec

from evenly.errors import StateError

TEMPLATES = ("troposphere", "boto3", "jsonpatch")


def require(*modules: str) -> None:
    """Raises StateError for what is not installed."""
    missing = [it for it in modules if find_spec(it) is None]
    if missing:
        raise StateError(
            f"environments on AWS need {' and '.join(missing)}, not installed here.",
            try_="Install it: make aws in Evenly's checkout, or the extras aws and lint of its wheel.",
        )
