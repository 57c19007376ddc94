"""The commands that add an authority to a store, look for it, and take it away. Pure."""

from pathlib import Path
from typing import assert_never

from msgspec import Struct

from evenly.local.trusting.stores import Kind, Store

Argv = tuple[str, ...]


class Mark(Struct, frozen=True):
    """An authority to trust: its certificate's file, its name, and its SHA-256 and SHA-1 fingerprints in hex."""

    file: Path
    name: str
    sha256: str
    sha1: str

    @property
    def short(self) -> str:
        return self.sha256[:16].lower()


def file_in(store: Store, mark: Mark) -> Path:
    """Where a store that is a folder keeps it."""
    return store.folder / f"evenly-{mark.short}.crt"


def install(store: Store, mark: Mark, *, new_database: bool) -> tuple[Argv, ...]:
    """Adds `mark` to `store`. `new_database`: an NSS store that has to be made first."""
    match store.kind:
        case Kind.DEBIAN:
            return (_copy(store, mark), ("update-ca-certificates",))
        case Kind.FEDORA:
            return (_copy(store, mark), ("update-ca-trust", "extract"))
        case Kind.KEYCHAIN:
            keychain = str(store.folder)
            return (("security", "add-trusted-cert", "-r", "trustRoot", "-k", keychain, str(mark.file)),)
        case Kind.NSS:
            make = (
                ("mkdir", "-p", str(store.folder)),
                ("certutil", "-N", "-d", _sql(store), "--empty-password"),
            )
            add = ("certutil", "-A", "-d", _sql(store), "-n", mark.name, "-t", "C,,", "-i", str(mark.file))
            return (*(make if new_database else ()), add)
        case _:
            assert_never(store.kind)


def remove(store: Store, mark: Mark) -> tuple[Argv, ...]:
    match store.kind:
        case Kind.DEBIAN:
            return (("rm", "-f", str(file_in(store, mark))), ("update-ca-certificates", "--fresh"))
        case Kind.FEDORA:
            return (("rm", "-f", str(file_in(store, mark))), ("update-ca-trust", "extract"))
        case Kind.KEYCHAIN:
            return (("security", "delete-certificate", "-t", "-Z", mark.sha1, str(store.folder)),)
        case Kind.NSS:
            return (("certutil", "-D", "-d", _sql(store), "-n", mark.name),)
        case _:
            assert_never(store.kind)


def look(store: Store, mark: Mark) -> Argv | None:
    """Ends with 0 where `mark` is in `store`; `None` where a file says that."""
    match store.kind:
        case Kind.DEBIAN | Kind.FEDORA:
            return None
        case Kind.KEYCHAIN:
            return ("security", "find-certificate", "-c", mark.name, str(store.folder))
        case Kind.NSS:
            return ("certutil", "-L", "-d", _sql(store), "-n", mark.name)
        case _:
            assert_never(store.kind)


def _copy(store: Store, mark: Mark) -> Argv:
    return ("install", "-m", "644", str(mark.file), str(file_in(store, mark)))


def _sql(store: Store) -> str:
    return f"sql:{store.folder}"
