"""Durations (`500ms`, `1s`, `2m`, `1h`) and sizes (`64KiB`, `100MiB`) as people write them. Pure."""

import re

from evenly.manifest.types import Bytes, Seconds

_MILLISECONDS = {"h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_BYTES = {"GiB": 1024**3, "MiB": 1024**2, "KiB": 1024}
_SIZE = re.compile(r"([0-9]{1,9})(KiB|MiB|GiB)", re.ASCII)
_DURATION = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,3}))?(ms|s|m|h)", re.ASCII)


def parse_duration(text: str) -> Seconds:
    """The seconds that `text` says, exact to the millisecond. Raises `ValueError` if it is no duration."""
    found = _DURATION.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is not a duration")
    whole, fraction, unit = found.group(1), found.group(2) or "", found.group(3)
    thousandths = int(whole + fraction.ljust(3, "0")) * _MILLISECONDS[unit]
    if thousandths % 1000:
        raise ValueError(f"{text!r} is finer than a millisecond")
    return Seconds(thousandths // 1000 / 1000)


def format_duration(seconds: Seconds) -> str:
    """`seconds` in the largest unit that needs no fraction: 90.0 is `90s`, 120.0 is `2m`, 0.0 is `0s`."""
    milliseconds = round(seconds * 1000)
    if milliseconds == 0:
        return "0s"
    unit = next(unit for unit, size in _MILLISECONDS.items() if milliseconds % size == 0)
    return f"{milliseconds // _MILLISECONDS[unit]}{unit}"


def parse_size(text: str) -> Bytes:
    """The bytes that `text` says: a whole number of KiB, MiB or GiB. Raises `ValueError` if it is no size."""
    found = _SIZE.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is not a size")
    return Bytes(int(found.group(1)) * _BYTES[found.group(2)])


def format_size(size: Bytes) -> str:
    """`size`, a whole number of KiB, in the largest unit that needs no fraction."""
    unit = next(unit for unit, one in _BYTES.items() if size % one == 0)
    return f"{size // _BYTES[unit]}{unit}"
