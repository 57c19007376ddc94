"""What the app may do in a database whose tables are its owner's: SQL that any target runs. Pure.

The owner makes tables, the app reads and writes rows, and nobody else gets in. All of it may be run again.
"""

LIMITS = (  # the app's own: a request that waits longer has lost its client
    ("statement_timeout", "30s"),
    ("lock_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "60s"),
)


def limits(app: str) -> tuple[str, ...]:
    """What keeps a session of the app from holding others up."""
    return tuple(f"ALTER ROLE {app} SET {name} = '{value}'" for name, value in LIMITS)


def in_database(owner: str, app: str) -> tuple[str, ...]:
    """The rights in the database that the statements are run in, also on tables that the owner makes later."""
    return (
        f"ALTER SCHEMA public OWNER TO {owner}",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA public TO {app}",
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public "
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}",
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {app}",
    )


def on_database(name: str, app: str) -> tuple[str, ...]:
    """Who may connect. `name`: the database's, as an SQL identifier."""
    return (f"REVOKE ALL ON DATABASE {name} FROM PUBLIC", f"GRANT CONNECT ON DATABASE {name} TO {app}")


def app_role(app: str) -> str:
    """Makes the app's role where there is none, also where somebody else is at it: it has rights and no password."""
    return (
        f"DO $$ BEGIN CREATE ROLE {app} NOLOGIN; "
        "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )
