"""PostgreSQL's configuration: rendered purely, then written beside the data, whole or not at all.

Sources: PostgreSQL 16 and 18, chapter "Server Configuration"; reasons in docs/adr/0004-database.md.
"""

from pathlib import Path

from evenly.local.postgres.copying import sync_folder
from evenly.local.postgres.credentials import APP, OWNER, SUPERUSER
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
local   replication   {superuser}   scram-sha-256
local   all   all   reject
host   all   all   all   reject
"""


def render_configuration(server: Server) -> str:
    """`postgresql.conf` of `server`."""
    mode = "0700" if server.account is None else "0777"  # as root the folder's mode decides who may pass
    placed = f"""\
unix_socket_directories = {_quoted(server.sockets)}
unix_socket_permissions = {mode}
port = {PORT}
hba_file = {_quoted(server.hba)}
max_connections = {server.max_connections}
"""
    return f"# Written by evenly at each start: changes here are lost.\n{placed}\n{_FIXED}"


def render_hba(server: Server) -> str:
    """`pg_hba.conf` of `server`. A quoted name is never a keyword, whatever the service is called."""
    named = {"database": f'"{server.database}"', "beside": f'"{beside(server.database)}"'}
    return _HBA.format(**named, owner=OWNER, app=APP, superuser=SUPERUSER)


def write_configuration(server: Server) -> None:
    """Writes both files (no secret is in them), each beside its place and renamed."""
    write_bytes(server.configuration, render_configuration(server).encode(), 0o644)
    write_bytes(server.hba, render_hba(server).encode(), 0o644)
    sync_folder(server.settings)


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("\\", "\\\\").replace("'", "''") + "'"
