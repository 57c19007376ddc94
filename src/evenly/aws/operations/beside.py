"""What a deploy does beside the stacks, as the waves see it. Pure."""

from collections.abc import Sequence
from typing import Protocol


class Beside(Protocol):
    """`wave`: the concerns of its stacks. Both are asked again when a deploy that was broken off goes on, and have to
    be content with what is done already. What they raise ends the deploy, with nothing of that wave begun, or of the
    next."""

    def before(self, wave: Sequence[str]) -> None: ...

    def after(self, wave: Sequence[str]) -> None: ...


class Nothing:
    """Does nothing beside."""

    def before(self, wave: Sequence[str]) -> None: ...

    def after(self, wave: Sequence[str]) -> None: ...
