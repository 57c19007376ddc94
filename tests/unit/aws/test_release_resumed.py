"""Deploys that are ended after any of their requests, and begun again."""

from typing import Any

import pytest
from tests.unit.aws.releaseworld import ReleaseAws, done, planned, wanted

ALL = ["foundation", "security", "image", "data", "service"]
PAGE = ("pages", "_evenly/errors/v/502.html")


class Broken(Exception):  # noqa: N818
    """Whoever asked was ended at that moment."""


def broken_off(aws: ReleaseAws, at: int) -> None:
    """The request number `at` to anything but CloudFormation is done, and nobody gets its answer any more."""
    asked = iter(range(1, 1000))
    client = aws._client

    def broken(service: str, region: str) -> Any:
        found = client(service, region)
        if service in ("cloudformation", "sts"):
            return found
        return _Breaking(found, asked, at)

    aws._client = broken  # type: ignore[method-assign]


class _Breaking:
    def __init__(self, found: Any, asked: Any, at: int) -> None:
        self._found, self._asked, self._at = found, asked, at

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._found, name)
        if not callable(found):
            return found

        def called(**said: Any) -> Any:
            try:
                return found(**said)
            finally:
                if next(self._asked) == self._at:
                    raise Broken

        return called


@pytest.mark.parametrize("docker", [True, False])
def test_broken_off_at_any_request_it_goes_on_and_does_nothing_twice(docker: bool) -> None:
    for at in range(1, 100):
        aws = ReleaseAws()
        plan = planned(aws, wanted())
        whole = aws._client
        broken_off(aws, at)
        try:
            done(aws, wanted(), plan, docker=docker)
            break
        except Broken:
            aws._client = whole  # type: ignore[method-assign]
        done(aws, wanted(), plan, docker=docker)
        assert [it for it in aws.executed() if it != "edge"] == ALL, at
        assert list(aws.registry.images.values()) == ["sha256:1"], at
        assert len(aws.builds.started) == (not docker), at
        assert aws.door.opened == 1, at
        assert PAGE in aws.storage.objects, at
    assert at > (14 if docker else 18)
