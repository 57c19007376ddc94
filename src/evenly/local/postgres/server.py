"""Where one PostgreSQL server is: its programs, data, settings, sockets, and the account it runs as.

Makes its folders and its stable link; touches nothing inside the data folder.
"""

import os
import secrets
from pathlib import Path

from msgspec import Struct

from evenly.core.failover import MEMBERS, other
from evenly.errors import TargetError
from evenly.local.paths import Paths
from evenly.local.postgres.binaries import ROOT_DATA, Binaries
from evenly.local.privileges import Account, enters

PORT = 5432  # only a part of the socket's name: nothing listens on it
HOME_NAME = "home"  # beside root's data: the environment that it belongs to
LONGEST_SOCKET_PATH = 107  # bytes: sockaddr_un on Linux, less the final zero
_RESERVED_NAMES = frozenset({"postgres", "template0", "template1"})


class Peer(Struct, frozen=True):
    """The other member of a database of two: its name, and the folder of its sockets."""

    name: str
    sockets: Path


class Server(Struct, frozen=True):
    """One server. `database` is the app's; `sockets` and `link` are folders; `home` marks our processes. `peer`: the
    one that follows it, or that it follows; `None` where there is one server only."""

    binaries: Binaries
    data: Path
    sockets: Path
    link: Path
    account: Account | None
    home: Path
    database: str
    max_connections: int
    peer: Peer | None = None

    @property
    def settings(self) -> Path:
        """The folder of the configuration: beside the data, for what root writes must not lie in a folder
        that the account can change."""
        return self.data.with_name(f"{self.data.name}.settings")

    @property
    def configuration(self) -> Path:
        return self.settings / "postgresql.conf"

    @property
    def hba(self) -> Path:
        return self.settings / "pg_hba.conf"

    @property
    def replication_password(self) -> Path:
        """What it proves itself with to its peer, as libpq reads it."""
        return self.settings / "replication.pgpass"

    @property
    def closed(self) -> Path:
        """There while the database takes no writes, whichever member is the primary."""
        return self.data.with_name(f"{self.binaries.version}.closed")

    @property
    def socket(self) -> Path:
        return self.sockets / f".s.PGSQL.{PORT}"

    @property
    def socket_lock(self) -> Path:
        return self.sockets / f".s.PGSQL.{PORT}.lock"


def locate(
    paths: Paths,
    name: str,
    maximum: int,
    binaries: Binaries,
    account: Account | None,
    root_data: Path = ROOT_DATA,
    member: str = MEMBERS[0],
    *,
    alone: bool = True,
) -> Server:
    """The server of the environment at `paths`, for service `name` with at most `maximum` instances: that of `member`,
    which is `alone` or has a peer."""
    return Server(
        binaries=binaries,
        data=data_folder(paths, binaries.version, account, root_data, member),
        sockets=_sockets(paths, member),
        link=paths.database_link,
        account=account,
        home=paths.home,
        database=database_name(name),
        max_connections=connections(maximum),
        peer=None if alone else Peer(other(member), _sockets(paths, other(member))),
    )


def data_folder(
    paths: Paths,
    version: int,
    account: Account | None,
    root_data: Path = ROOT_DATA,
    member: str = MEMBERS[0],
) -> Path:
    """Where the data of PostgreSQL `version` is: in the environment's home, or for root outside of it, since
    the account could not enter a home that is 0700. The second member's is beside the first's."""
    name = str(version) if member == MEMBERS[0] else f"{version}.{member}"
    return (paths.home if account is None else root_data / paths.key) / "database" / name


def _sockets(paths: Paths, member: str) -> Path:
    first = paths.database_sockets
    return first if member == MEMBERS[0] else first.with_name(f"{first.name}-{member}")


def database_name(service: str) -> str:
    """The database of a service: its name with `-` as `_`; PostgreSQL's own names get `_app` behind them."""
    name = service.replace("-", "_")
    return f"{name}_app" if name in _RESERVED_NAMES else name


def beside(database: str) -> str:
    """The name under which a database is built anew, before it takes the place of `database`."""
    return f"{database}_reset"


def connections(maximum: int) -> int:
    """`max_connections` for `maximum` instances: 10 each, and 50 for rollouts, migrations and ourselves."""
    return 10 * maximum + 50


def make_folders(server: Server) -> None:
    """Makes the folders around the data, the settings and the sockets, each with its mode. Idempotent.

    The runtime folder must exist, ours and 0700 (as root 0711, so that the account can pass).
    Raises TargetError where a socket's path is too long, or the account can't pass.
    """
    for folder in (server.sockets, server.link):
        check_socket_path(folder)
    _make_parents(server)
    server.settings.mkdir(mode=0o711, exist_ok=True)
    _make_sockets(server)


def point_link(server: Server) -> None:
    """Points the stable link at the server's sockets, atomically: a reader sees the old or the new one."""
    beside = server.link.with_name(f".{server.link.name}.{secrets.token_hex(4)}")
    beside.symlink_to(server.sockets)
    try:
        beside.replace(server.link)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def check_socket_path(folder: Path) -> None:
    """Raises TargetError if a socket in `folder` would have a path that no program can connect to."""
    length = len(os.fsencode(folder / f".s.PGSQL.{PORT}"))
    if length > LONGEST_SOCKET_PATH:
        raise _too_long(folder, length)


def _make_parents(server: Server) -> None:
    """For root 0711: the account passes through, and nobody reads the names."""
    parent = server.data.parent
    parent.mkdir(mode=0o700 if server.account is None else 0o711, parents=True, exist_ok=True)
    if server.account is None:
        return
    for folder in (parent, parent.parent):
        folder.chmod(0o711)
    _name_home(server, parent.parent / HOME_NAME)
    _check_passes(server.account, parent)


def _name_home(server: Server, note: Path) -> None:
    """Data outside of its environment says whose it is, for when that is gone."""
    note.touch(mode=0o600)
    note.write_bytes(os.fsencode(server.home))


def _make_sockets(server: Server) -> None:
    """As root: owned by the account, our group may pass and nobody else, so that it holds for a root without
    the power to override modes too."""
    server.sockets.mkdir(mode=0o700, exist_ok=True)
    if server.account is None:
        server.sockets.chmod(0o700)
        return
    _check_passes(server.account, server.sockets.parent)
    os.chown(server.sockets, server.account.uid, os.getegid(), follow_symlinks=False)
    server.sockets.chmod(0o710)


def _check_passes(account: Account, folder: Path) -> None:
    if not enters(account, folder):
        raise TargetError(
            f"The user `{account.name}`, who runs PostgreSQL, can't enter this folder.",
            where=str(folder),
            try_="Make it and each folder above it enterable for everybody: chmod a+x",
        )


def _too_long(folder: Path, length: int) -> TargetError:
    return TargetError(
        f"The path of the database's socket has {length} bytes; the system allows {LONGEST_SOCKET_PATH}.",
        where=str(folder),
        try_="Set XDG_RUNTIME_DIR to a shorter path, or unset it.",
    )
