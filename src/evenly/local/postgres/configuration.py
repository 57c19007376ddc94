"""PostgreSQL's configuration: rendered purely, then written beside the data, whole or not at all.

Sources: PostgreSQL 16 and 18, chapter "Server Configuration"; reasons in docs/adr/0004-database.md.
"""

import shlex
from pathlib import Path

from evenly.core.failover import other
from evenly.local.postgres.archiving import ARCHIVER, SCRIPT, archive_of
from evenly.local.postgres.copying import sync_folder
from evenly.local.postgres.credentials import APP, OWNER, REPLICATOR, SUPERUSER
from evenly.local.postgres.server import PORT, Server, beside
from evenly.local.state import write_bytes

_FIXED = """\
# Reached by a unix socket and nothing else.
listen_addresses = ''
password_encryption = scram-sha-256
authentication_timeout = 10s

# What was committed stays.
fsync = on
full_page_writes = on
synchronous_commit = on
wal_level = replica
max_wal_senders = 4
max_wal_size = 1GB

# Sized for a laptop.
shared_buffers = 128MB
huge_pages = off
# With the data, not in /dev/shm: there, each server that is killed would leave some, until nobody has any left.
dynamic_shared_memory_type = mmap
reserved_connections = 5
superuser_reserved_connections = 3

timezone = 'UTC'
log_timezone = 'UTC'

# To stderr, which is sent to a file. No statement, no parameter and no detail, for they hold people's data.
log_destination = 'stderr'
logging_collector = off
log_line_prefix = '%m [%p] %q%u@%d '
log_error_verbosity = terse
log_min_error_statement = panic
log_min_duration_statement = -1
log_statement = 'none'
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_checkpoints = off
log_lock_waits = on
"""

_HBA = """\
# A password for everybody, by the unix socket alone. The first line that fits decides.
local   {database}   {owner},{app}   scram-sha-256
local   {beside}   {owner}   scram-sha-256
local   all   {superuser}   scram-sha-256
local   replication   {replicator}   scram-sha-256
local   all   all   reject
host   all   all   all   reject
"""


# A standby that is asked nothing for 2 s is known to be there; one that lost its primary asks again ten times a second.
_REPLICATION = """
# One follows, the other is followed: which is which, its data says.
primary_conninfo = {conninfo}
synchronous_standby_names = '{awaited}'
wal_keep_size = 256MB
wal_sender_timeout = 2s
wal_receiver_timeout = 5s
wal_receiver_status_interval = 1s
wal_retrieve_retry_interval = 100ms
"""


# The standby archives too: what the primary had not when it was lost, it has. Without an archive all is done at once.
_ARCHIVE = """
archive_mode = always
archive_command = {command}
"""


# While an upgrade reads it. Vacuum's transactions would be taken for writes.
_CLOSED = """
default_transaction_read_only = on
autovacuum = off
"""


def render_configuration(
    server: Server, *, waits: bool = False, archive: Path | None = None, closed: bool = False
) -> str:
    """`postgresql.conf` of `server`. `waits`: nothing is acknowledged before its peer has it. `archive`: its log's.
    `closed`: no writes are taken."""
    mode = "0700" if server.account is None else "0777"  # as root the folder's mode decides who may pass
    placed = f"""\
unix_socket_directories = {_quoted(server.sockets)}
unix_socket_permissions = {mode}
port = {PORT}
hba_file = {_quoted(server.hba)}
max_connections = {server.max_connections}
"""
    replication = _replication(server, waits) if server.peer else ""
    archived = _ARCHIVE.format(command=_quoted(archive_command(server, archive)))
    written = f"# Written by evenly at each start: changes here are lost.\n{placed}\n{_FIXED}{archived}{replication}"
    return written + (_CLOSED if closed else "")


def archive_command(server: Server, archive: Path | None) -> str:
    """What PostgreSQL runs for each file of its log. It reads %p and %f as places."""
    if archive is None:
        return "exit 0"
    script, folder = (shlex.quote(str(it).replace("%", "%%")) for it in (server.settings / SCRIPT, archive))
    return f'/bin/sh {script} {folder} "%p" "%f"'


def render_hba(server: Server) -> str:
    """`pg_hba.conf` of `server`. A quoted name is never a keyword, whatever the service is called."""
    named = {"database": f'"{server.database}"', "beside": f'"{beside(server.database)}"'}
    return _HBA.format(**named, owner=OWNER, app=APP, superuser=SUPERUSER, replicator=REPLICATOR)


def write_configuration(server: Server, *, waits: bool = False) -> None:
    """Writes the files (no secret is in them), each beside its place and renamed. `waits`: as rendered."""
    for place, text in _files(server, waits=waits):
        write_bytes(place, text.encode(), 0o644)
    sync_folder(server.settings)


def change_configuration(server: Server, *, waits: bool) -> None:
    """The same for a server that runs, in one step each, without waiting for the disk: each start writes them anew."""
    for place, text in _files(server, waits=waits):
        beside = place.with_name(f".{place.name}.changed")
        beside.write_text(text)
        beside.chmod(0o644)
        beside.replace(place)


def _files(server: Server, *, waits: bool) -> tuple[tuple[Path, str], ...]:
    rendered = render_configuration(
        server, waits=waits, archive=archive_of(server), closed=server.closed.exists()
    )
    return (
        (server.configuration, rendered),
        (server.hba, render_hba(server)),
        (server.settings / SCRIPT, ARCHIVER),
    )


def standby_name(member: str) -> str:
    """How a standby names itself to its primary."""
    return f"evenly_{member}"


def _replication(server: Server, waits: bool) -> str:
    peer = server.peer
    if peer is None:
        return ""
    conninfo = " ".join(
        (
            f"host={_conninfo_value(peer.sockets)}",
            f"port={PORT}",
            f"user={REPLICATOR}",
            f"passfile={_conninfo_value(server.replication_password)}",
            f"application_name={standby_name(other(peer.name))}",
            "sslmode=disable",
        )
    )
    return _REPLICATION.format(conninfo=_quoted(conninfo), awaited=standby_name(peer.name) if waits else "")


def _conninfo_value(path: Path) -> str:
    return "'" + str(path).replace("\\", "\\\\").replace("'", "\\'") + "'"


def _quoted(value: Path | str) -> str:
    return "'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"
