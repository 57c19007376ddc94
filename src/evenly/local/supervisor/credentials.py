"""The environment's certificates as the supervisor needs them: opened when first asked for, and renewed in time."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from threading import Lock
from typing import assert_never

from evenly.core.topology import Topology
from evenly.local.certificates import (
    Authority,
    CertificateNames,
    issue_instance,
    open_authority,
    remove_instance,
)
from evenly.local.certificates.authority import issue_client, issue_edge, put_back
from evenly.local.certificates.crossing import forget_old, make_next, switch
from evenly.local.certificates.facts import read_facts
from evenly.local.certificates.own import SOON
from evenly.local.certificates.renewal import (
    Action,
    Facts,
    ForgetOld,
    IssueClient,
    IssueEdge,
    MakeNext,
    Replace,
    Switch,
    due,
)
from evenly.local.listening import listen_hosts
from evenly.local.paths import Paths
from evenly.local.settings import Settings
from evenly.local.supervisor.journal import Journal
from evenly.local.supervisor.ownedge import OwnEdge

MOST_STEPS = 5  # an authority's switch makes its leaves due: two or three


def certificate_names(topology: Topology, settings: Settings) -> CertificateNames:
    """Whom the edge of this environment speaks for."""
    return CertificateNames(
        topology.name, topology.alias, hosts=listen_hosts(settings.listen), listen=settings.listen
    )


class Certificates:
    """The authority, and a certificate for each instance. Safe to ask from several threads."""

    def __init__(
        self,
        paths: Paths,
        names: CertificateNames,
        journal: Journal,
        own: OwnEdge,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.own = own
        self._folder = paths.certificates
        self._instances = paths.instance_certificates
        self._names = names
        self._journal = journal
        self._clock = clock
        self._lock = Lock()
        self._authority: Authority | None = None

    def open(self) -> Authority:
        with self._lock:
            return self._opened()

    def variables(self, instance: str) -> Mapping[str, str]:
        """The environment variables that tell an instance where its new certificate is."""
        with self._lock:
            files = issue_instance(self._opened(), instance, self._instances, self._clock())
        return {
            "TLS_CERTIFICATE": str(files.certificate),
            "TLS_KEY": str(files.key),
            "TLS_CLIENT_CA": str(files.ca),
        }

    def forget(self, instance: str) -> None:
        remove_instance(instance, self._instances)

    def renew(self, instances: Iterable[str]) -> tuple[Replace, ...]:
        """Renew what is due, of all there is. What has to be replaced for it: `instances`, given by id."""
        ids = tuple(instances)
        with self._lock:
            if self._has_ended():
                self._authority = None  # a machine that slept for long: as at a first start
            if put_back(self._opened()):
                self._journal.write("authority-put-back")
            self.own.look(self._clock())
            for _ in range(MOST_STEPS):
                actions = due(self._facts(ids), self._clock())
                for action in actions:
                    self._do(action)
                if all(isinstance(it, Replace) for it in actions):
                    break
            return tuple(it for it in actions if isinstance(it, Replace))

    def facts(self) -> Facts:
        """Of all but the instances."""
        with self._lock:
            return self._facts(())

    def own_ends_soon(self) -> datetime | None:
        """When the user's own certificate ends, if one is shown and that is soon."""
        ends = self.own.ends
        return ends if ends is not None and self._clock() >= ends - SOON else None

    def _opened(self) -> Authority:
        if self._authority is None:
            now = self._clock()
            own_edge = self.own.look(now)
            self._authority = open_authority(self._folder, self._names, now, own_edge=own_edge)
            for change in self._authority.changes:
                self._journal.write(change.value)
        return self._authority

    def _has_ended(self) -> bool:
        known = self._authority
        return known is not None and self._clock() >= known.issuer.certificate.not_valid_after_utc

    def _facts(self, ids: tuple[str, ...]) -> Facts:
        authority, now = self._opened(), self._clock()
        return read_facts(authority, self._names, self._instances, ids, now, own_edge=self.own.is_shown)

    def _do(self, action: Action) -> None:
        authority, now = self._opened(), self._clock()
        files, issuer = authority.files, authority.issuer
        match action:
            case MakeNext():
                make_next(files, self._names, now)
                self._journal.write("authority-announced")
            case Switch():
                self._authority = Authority(files, switch(files, now), ())
                self._journal.write("authority-switched")
            case ForgetOld():
                forget_old(files)
                self._journal.write("authority-forgotten")
            case IssueEdge():
                issue_edge(files, issuer, self._names, now)
                self._journal.write("edge-issued")
            case IssueClient():
                issue_client(files, issuer, now)
                self._journal.write("client-issued")
            case Replace():
                pass
            case _:
                assert_never(action)
