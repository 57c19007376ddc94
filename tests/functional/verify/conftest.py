"""An authority, and certificates by what is right or wrong with them; a service with a fault."""

import contextlib
from collections.abc import Callable, Iterator

import pytest
from tests.functional.verify.fault import Fault
from tests.functional.verify.issuing import HOST, Authority, Issued
from tests.functional.verify.serving import running
from tests.functional.verify.telling import KnownTarget

from evenly.verify.catalogue import Probe
from evenly.verify.client import Service

Serve = Callable[[Fault], contextlib.AbstractContextManager[Probe]]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def certificates(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Issued]:
    stranger = Authority(tmp_path_factory.mktemp("stranger"), "stranger")
    return {
        "good": authority.issue(),
        "strange": stranger.issue(),
        "misnamed": authority.issue("another.localhost", f"more.{HOST}"),
        "ended": authority.issue(begins_days=-90, ends_days=-1),
        "early": authority.issue(begins_days=1, ends_days=90),
        "late": authority.issue(begins_days=-85, ends_days=5),
    }


@pytest.fixture
def serve(authority: Authority, certificates: dict[str, Issued]) -> Serve:
    """Runs a service with a fault; gives a probe of it."""

    @contextlib.contextmanager
    def with_fault(fault: Fault) -> Iterator[Probe]:
        with running(fault.behaviour, fault.doors, certificates[fault.certificate], fault.host) as it:
            target = None if fault.without_target else KnownTarget(it.service, fault.behaviour)
            yield Probe(Service(it.url, authority.file, it.plain_url), target)

    return with_fault
