"""GET / shows the newest notes, POST / adds one. Every page says which instance made it."""

import os

import psycopg
from flask import Flask, Response, redirect, render_template, request, url_for
from psycopg.rows import namedtuple_row
from psycopg_pool import ConnectionPool, PoolTimeout
from werkzeug.middleware.proxy_fix import ProxyFix

LONGEST_TEXT = 500

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
# The client's address and scheme, from the one balancer in front: nobody else can connect.
app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)

# Where the database is, libpq finds in the PG* variables. A connection that a restart of the database broke is
# noticed before it is lent.
pool = ConnectionPool(
    "",
    min_size=1,
    max_size=8,
    timeout=5,
    check=ConnectionPool.check_connection,
    kwargs={"row_factory": namedtuple_row},
    open=True,
)


@app.get("/")
def board() -> str:
    with pool.connection() as connection:
        notes = connection.execute("SELECT text, written_at FROM notes ORDER BY id DESC LIMIT 20").fetchall()
    instance_id = os.environ.get("EVENLY_INSTANCE_ID", "unknown")
    return render_template("board.html", notes=notes, instance_id=instance_id, longest=LONGEST_TEXT)


@app.post("/")
def add() -> Response | tuple[str, int]:
    text = request.form.get("text", "").strip()
    if not 0 < len(text) <= LONGEST_TEXT or "\0" in text:
        return f"A note has 1 to {LONGEST_TEXT} characters.", 422
    with pool.connection() as connection:
        connection.execute("INSERT INTO notes (text) VALUES (%s)", (text,))
    return redirect(url_for("board"), 303)


@app.get("/healthz")
def healthz() -> dict[str, str]:
    """This process is alive. It does not ask the database: without one, no instance is better than another."""
    return {"status": "alive"}


@app.errorhandler(psycopg.OperationalError)
@app.errorhandler(PoolTimeout)
def no_database(_error: Exception) -> tuple[str, int, dict[str, str]]:
    """503 makes the balancer ask once more; by then the database may be back."""
    return "The database does not answer.", 503, {"Retry-After": "1"}
