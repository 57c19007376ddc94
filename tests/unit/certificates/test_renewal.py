"""Renewal: what is due when, and a year of an environment's life in which nobody ever refuses another."""

import shutil
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import msgspec
import pytest
from cryptography.x509 import load_pem_x509_certificate, load_pem_x509_certificates
from msgspec.structs import replace

from evenly.local.certificates import CertificateFiles, CertificateNames
from evenly.local.certificates.facts import read_facts
from evenly.local.certificates.issuing import is_issued_by
from evenly.local.certificates.renewal import (
    Facts,
    ForgetOld,
    IssueClient,
    IssueEdge,
    Leaf,
    Life,
    MakeNext,
    Replace,
    Served,
    Switch,
    due,
    switch_at,
)
from evenly.local.paths import local_paths
from evenly.local.supervisor.credentials import Certificates
from evenly.local.supervisor.journal import Journal
from evenly.local.supervisor.ownedge import OwnEdge
from evenly.manifest.types import Manifest

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)
GOOD = Leaf(NOW + 80 * DAY, NOW + 50 * DAY, current=True)
TIRED = Leaf(NOW + 30 * DAY, NOW, current=True)
EARLY = Leaf(NOW + 80 * DAY, NOW + 50 * DAY, current=True, begins=NOW + DAY)
FOREIGN = Leaf(NOW + 80 * DAY, NOW + 50 * DAY, current=False)


def life(days: float, begun: float = 1) -> Life:
    return Life(NOW - begun * DAY, NOW + days * DAY)


def facts(days: float = 3000, **more: object) -> Facts:
    given = {"next": None, "old_trusted": False, "edge": GOOD, "client": GOOD, "instances": ()} | more
    return Facts(authority=life(days), **given)  # type: ignore[arg-type]


def served(id: str, leaf: Leaf | None = GOOD, trusts_next: bool = True) -> Served:
    return Served(id, leaf, trusts_next)


def test_what_is_fresh_is_left_alone() -> None:
    assert due(facts(instances=(served("i-1"),)), NOW) == ()


@pytest.mark.parametrize("leaf", [TIRED, FOREIGN, EARLY, None])
def test_edge_and_client_are_issued_anew(leaf: Leaf | None) -> None:
    assert due(facts(edge=leaf), NOW) == (IssueEdge(),)
    assert due(facts(client=leaf), NOW) == (IssueClient(),)
    assert due(facts(edge=leaf, own_edge=True), NOW) == ()


def test_instances_are_replaced_by_reason() -> None:
    some = (
        served("i-1", TIRED),
        served("i-2"),
        served("i-3", TIRED),
        served("i-4", None),
        served("i-5", EARLY),
    )
    assert due(facts(instances=some), NOW) == (
        Replace(("i-1", "i-3"), "its certificate ends on 2026-12-24"),
        Replace(("i-4",), "its certificate is lost"),
        Replace(("i-5",), "its certificate is not valid yet, for the clock was set back"),
    )


def test_the_next_authority_is_made_120_days_before_the_end() -> None:
    assert due(facts(120.1), NOW) == ()
    assert due(facts(120), NOW) == (MakeNext(),)


def test_who_does_not_know_the_next_authority_is_replaced_before_it_issues() -> None:
    late = facts(20, next=life(3000, begun=40), instances=(served("i-1", trusts_next=False), served("i-2")))
    assert due(late, NOW) == (Replace(("i-1",), "the certificate authority is going to be replaced"),)
    assert due(replace(late, instances=(served("i-2"),)), NOW) == (Switch(),)


def test_people_have_thirty_days_to_trust_it() -> None:
    announced = facts(115, next=life(3000, begun=0))
    assert switch_at(announced) == NOW + 30 * DAY
    assert due(announced, NOW + 29.9 * DAY) == ()
    assert due(announced, NOW + 30 * DAY) == (Switch(),)
    assert switch_at(facts(20, next=life(3000, begun=0))) == NOW  # but no longer than there is
    assert switch_at(facts(3000)) is None


def test_the_old_authority_is_forgotten_when_nothing_of_it_is_left() -> None:
    crossing = facts(old_trusted=True, instances=(served("i-1", FOREIGN),))
    assert due(crossing, NOW) == (Replace(("i-1",), "the certificate authority was replaced"),)
    assert due(facts(old_trusted=True, instances=(served("i-1"),)), NOW) == (ForgetOld(),)
    assert due(facts(old_trusted=True, client=FOREIGN), NOW) == (IssueClient(),)


class Years:
    """The last years of an authority; the supervisor looks every day, and instances come and go as it says."""

    def __init__(self, folder: Path) -> None:
        self.now = NOW
        self.ids = count()
        self.paths = local_paths(folder, folder, 0)
        self.paths.home.mkdir(parents=True)
        self.journal = Journal(self.paths.journal, lambda: "")
        self.names = CertificateNames("hello")
        self.files = CertificateFiles(self.paths.certificates)
        self.certificates = self.supervisor()
        self.certificates.open()
        self.now += 3400 * DAY
        self.certificates.renew(())
        self.instances = [self.launched() for _ in range(3)]

    def supervisor(self) -> Certificates:
        own = OwnEdge(self.paths, Manifest(name="hello"), self.journal)
        return Certificates(self.paths, self.names, self.journal, own, clock=lambda: self.now)

    def launched(self) -> str:
        id = f"i-{next(self.ids)}"
        self.certificates.variables(id)
        return id

    def day(self) -> None:
        self.now += DAY
        told = {id for each in self.certificates.renew(self.instances) for id in each.ids}
        if told:  # one a day
            old = min(told)
            self.instances.append(self.launched())
            self.check()
            self.instances.remove(old)
            self.certificates.forget(old)
        self.check()

    def check(self) -> None:
        """Whoever meets another trusts what it shows, and nothing that is shown has ended."""
        client, edge = read(self.files.client), read(self.files.edge)
        for id in self.instances:
            own = self.paths.certificates / "instances" / id
            shown = read(own / "certificate.pem")
            assert accepts(own / "ca.pem", client), f"{id} refuses the balancer on {self.now}"
            assert accepts(self.files.trusted, shown), f"the balancer refuses {id} on {self.now}"
            assert shown.not_valid_before_utc <= self.now < shown.not_valid_after_utc
        assert max(client.not_valid_before_utc, edge.not_valid_before_utc) <= self.now
        assert self.now < min(client.not_valid_after_utc, edge.not_valid_after_utc)
        assert accepts(self.files.ca, edge)


def accepts(trusted: Path, certificate: object) -> bool:
    return any(is_issued_by(it, certificate) for it in load_pem_x509_certificates(trusted.read_bytes()))


def read(path: Path) -> object:
    return load_pem_x509_certificate(path.read_bytes())


def test_when_one_authority_takes_anothers_place_nobody_refuses_another(tmp_path: Path) -> None:
    life = Years(tmp_path)
    actions = life.paths.journal
    announced_on = None
    for _ in range(400):
        life.day()
        if announced_on is None and life.files.next.exists():
            announced_on = life.now
    told = [msgspec.json.decode(line)["action"] for line in actions.read_bytes().splitlines()]
    crossings = [it for it in told if it.startswith("authority")]
    assert crossings == ["authority-made", "authority-announced", "authority-switched", "authority-forgotten"]
    assert announced_on == NOW + (3652 - 120) * DAY
    assert len(load_pem_x509_certificates(life.files.trusted.read_bytes())) == 1
    assert not list(life.paths.certificates.glob("*.key.old*"))  # the old authority can issue no more


def test_a_switch_that_was_cut_short_is_gone_on_with(tmp_path: Path) -> None:
    life = Years(tmp_path)
    while not life.files.next.exists():
        life.day()
    old, following = life.files.ca.read_bytes(), life.files.next.read_bytes()
    life.files.ca.write_bytes(following)  # the key was not written any more
    again = life.supervisor()
    again.open()
    assert life.files.ca.read_bytes() == following
    assert old in life.files.trusted.read_bytes()  # instances still show what it issued
    assert read_facts(again.open(), life.names, tmp_path, (), life.now).next is None
    assert again.open().issuer.key.public_key() == again.open().issuer.certificate.public_key()


def test_after_a_year_asleep_all_is_renewed_at_once(tmp_path: Path) -> None:
    life = Years(tmp_path)
    life.now += 365 * DAY
    told = life.certificates.renew(life.instances)
    assert {id for it in told for id in it.ids} == set(life.instances)
    assert life.now < min(
        read(life.files.client).not_valid_after_utc, read(life.files.edge).not_valid_after_utc
    )


@pytest.mark.parametrize("jumps", [(-30,), (100,), (100, -100), (-30, 30), (2000, -2000)])
def test_after_the_clock_has_jumped_all_are_valid_again_and_the_authority_is_the_same(
    tmp_path: Path, jumps: tuple[int, ...]
) -> None:
    life = Years(tmp_path)
    life.now -= 3000 * DAY  # of the authority's 3652
    while not settled(life):
        pass
    authority = life.files.ca.read_bytes()
    for days in jumps:
        life.now += days * DAY
        while not settled(life):
            pass
        life.check()
    assert life.files.ca.read_bytes() == authority


def settled(life: Years) -> bool:
    """One look; those that are outdated are replaced. Whether there was none."""
    told = {id for each in life.certificates.renew(life.instances) for id in each.ids}
    life.instances = [it for it in life.instances if it not in told] + [life.launched() for _ in told]
    return not told


def test_certificates_that_are_deleted_under_a_supervisor_are_there_again_from_the_same_authority(
    tmp_path: Path,
) -> None:
    life = Years(tmp_path)
    authority, key = life.files.ca.read_bytes(), life.files.ca_key.read_bytes()
    shutil.rmtree(life.paths.certificates)
    while not settled(life):
        pass
    life.check()
    assert (life.files.ca.read_bytes(), life.files.ca_key.read_bytes()) == (authority, key)
    assert life.paths.certificates.stat().st_mode & 0o777 == 0o700
