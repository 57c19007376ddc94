"""A secret: a value that prints redacted, compares in constant time, and opens only by `.reveal()`. Pure."""

from hmac import compare_digest
from typing import NoReturn, final


@final
class Secret:
    """A password or a key. Not a `str`: joining or formatting it never gives the value away."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself. Call it where it is used, never where it is kept or told."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(redacted)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")
