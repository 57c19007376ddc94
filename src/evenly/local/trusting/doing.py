"""What is trusted, what is missing, and the running of the commands that a person has consented to."""

import shlex
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from evenly.errors import StateError, TargetError
from evenly.local.certificates import CertificateFiles
from evenly.local.certificates.keys import read_certificate
from evenly.local.trusting.commands import Argv, Mark, file_in, install, look, remove
from evenly.local.trusting.stores import Group, Kind, Store

PROGRAM_TIMEOUT_S = 60.0


class Step(Struct, frozen=True):
    """The commands for one store. `barred`: why they can't be run from here, as a sentence."""

    store: Store
    commands: tuple[Argv, ...]
    barred: str | None = None


class Authorities(Struct, frozen=True):
    """`wanted`: what is to be trusted, now and soon. `past`: what was before."""

    wanted: tuple[Mark, ...]
    past: tuple[Mark, ...]


def authorities(files: CertificateFiles) -> Authorities:
    """Those of one environment. Raises StateError where there are none."""
    wanted = tuple(_marks((files.ca, files.next)))
    if not wanted:
        raise StateError(
            "there is no certificate authority here", where=str(files.folder), try_="Run `evenly up`."
        )
    return Authorities(wanted, tuple(_marks(sorted(files.folder.glob("ca.pem.old-*")))))


def steps_to_install(stores: Iterable[Store], known: Authorities, uid: int) -> tuple[Step, ...]:
    """What is missing in each store, and what of the past is to go from it."""
    return tuple(_steps(stores, uid, add=known.wanted, drop=known.past))


def steps_to_remove(stores: Iterable[Store], known: Authorities, uid: int) -> tuple[Step, ...]:
    return tuple(_steps(stores, uid, add=(), drop=(*known.wanted, *known.past)))


def run(step: Step) -> None:
    """Raises TargetError with what the command said when it fails."""
    for argv in step.commands:
        try:
            done = subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=PROGRAM_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise TargetError(f"it did not run: {error}", where=shlex.join(argv)) from error
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip() or f"code {done.returncode}").splitlines()[-1]
            raise TargetError(
                f"it failed: {said}", where=shlex.join(argv), try_="Run it by hand to see more."
            )


def _steps(stores: Iterable[Store], uid: int, add: Iterable[Mark], drop: Iterable[Mark]) -> Iterator[Step]:
    adding, dropping = tuple(add), tuple(drop)
    for store in stores:
        missing = [it for it in adding if not _is_in(store, it)]
        going = [it for it in dropping if _is_in(store, it)]
        fresh = store.kind is Kind.NSS and not (store.folder / "cert9.db").exists()
        commands = (
            *(argv for it in going for argv in remove(store, it)),
            *(
                argv
                for n, it in enumerate(missing)
                for argv in install(store, it, new_database=fresh and n == 0)
            ),
        )
        if commands:
            yield Step(store, commands, _barred(store, uid))


def _barred(store: Store, uid: int) -> str | None:
    if store.missing:
        return f"It takes {store.missing}."
    if store.group is Group.SYSTEM and uid != 0:
        return "It takes root: run these lines yourself."
    return None


def _is_in(store: Store, mark: Mark) -> bool:
    argv = look(store, mark)
    if argv is None:
        return file_in(store, mark).exists()
    if store.missing or (store.kind is Kind.NSS and not (store.folder / "cert9.db").exists()):
        return False
    found = subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=PROGRAM_TIMEOUT_S, check=False
    )
    return found.returncode == 0


def _marks(paths: Iterable[Path]) -> Iterator[Mark]:
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    for path in paths:
        certificate = read_certificate(path.read_bytes()) if path.exists() else None
        if certificate is not None:
            name = str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
            sha256 = certificate.fingerprint(hashes.SHA256()).hex()
            sha1 = certificate.fingerprint(hashes.SHA1()).hex()  # noqa: S303  the keychain's name for it
            yield Mark(path, name, sha256.upper(), sha1.upper())


def as_typed(argv: Argv, store: Store, uid: int) -> str:
    """A command as a person would type it, `sudo` included where it takes root."""
    needs_root = store.group is Group.SYSTEM and uid != 0
    return f"{'sudo ' if needs_root else ''}{shlex.join(argv)}"
