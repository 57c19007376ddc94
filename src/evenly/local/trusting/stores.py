"""Where this system keeps whom it trusts. Looks for folders and programs, and changes nothing."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path

from msgspec import Struct


class Kind(StrEnum):
    DEBIAN = "debian"  # Debian, Ubuntu and theirs: /usr/local/share/ca-certificates
    FEDORA = "fedora"  # Fedora, RHEL and theirs: /etc/pki/ca-trust
    KEYCHAIN = "keychain"  # macOS: Safari and Chrome
    NSS = "nss"  # Firefox, and Chromium on Linux


class Group(StrEnum):
    """What a person chooses by: the browsers' own stores need no rights, the system's needs root."""

    BROWSERS = "browsers"
    SYSTEM = "system"


class Store(Struct, frozen=True):
    """`what` it is, for a person. `missing`: the program that it takes, and is not there, with how to get it."""

    kind: Kind
    what: str
    folder: Path
    missing: str | None = None

    @property
    def group(self) -> Group:
        return Group.BROWSERS if self.kind in (Kind.NSS, Kind.KEYCHAIN) else Group.SYSTEM


DEBIAN = Path("/usr/local/share/ca-certificates")
FEDORA = Path("/etc/pki/ca-trust/source/anchors")
CHROMIUMS = (".pki/nssdb", "snap/chromium/current/.pki/nssdb")
FIREFOXES = (
    ".mozilla/firefox",
    "snap/firefox/common/.mozilla/firefox",
    ".var/app/org.mozilla.firefox/.mozilla/firefox",
)


def find_stores(
    home: Path, platform: str, has: Callable[[str], bool], root: Path = Path("/")
) -> tuple[Store, ...]:
    """The stores of the user at `home`. `has`: whether a program is on the PATH."""
    if platform == "darwin":
        keychain = home / "Library" / "Keychains" / "login.keychain-db"
        return (
            Store(Kind.KEYCHAIN, "the keychain (Safari, Chrome)", keychain),
            *_firefoxes(home, has, platform),
        )
    return (*_system(root, has), *_chromiums(home, has), *_firefoxes(home, has, platform))


def _system(root: Path, has: Callable[[str], bool]) -> Iterator[Store]:
    for kind, folder, program in (
        (Kind.DEBIAN, DEBIAN, "update-ca-certificates"),
        (Kind.FEDORA, FEDORA, "update-ca-trust"),
    ):
        there = root / folder.relative_to("/")
        if has(program) and (there.is_dir() or kind is Kind.DEBIAN):
            yield Store(kind, "the system's store (curl, wget, most programs)", there)


def _chromiums(home: Path, has: Callable[[str], bool]) -> Iterator[Store]:
    """Chromium and Chrome make the first of these themselves; others are theirs where they are sandboxed."""
    for number, each in enumerate(CHROMIUMS):
        if number == 0 or (home / each).is_dir():
            yield Store(Kind.NSS, "Chromium and Chrome", home / each, _certutil(has))


def _firefoxes(home: Path, has: Callable[[str], bool], platform: str) -> Iterator[Store]:
    places = ("Library/Application Support/Firefox/Profiles",) if platform == "darwin" else FIREFOXES
    for place in places:
        for database in sorted((home / place).glob("*/cert9.db")):
            profile = database.parent
            yield Store(Kind.NSS, f"Firefox, profile {profile.name}", profile, _certutil(has))


def _certutil(has: Callable[[str], bool]) -> str | None:
    if has("certutil"):
        return None
    return "certutil: apt install libnss3-tools, dnf install nss-tools, or brew install nss"
