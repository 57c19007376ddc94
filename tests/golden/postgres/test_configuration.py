"""Each folder here is a case: `server.json` in, `postgresql.conf` and `pg_hba.conf` out, word for word."""

import json
from pathlib import Path

import pytest

from evenly.local.paths import Paths
from evenly.local.postgres import find, locate
from evenly.local.postgres.configuration import render_configuration, render_hba
from evenly.local.privileges import Account

HERE = Path(__file__).parent
CASES = sorted(case.parent for case in HERE.glob("*/server.json"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_as_agreed(case):
    told = json.loads((case / "server.json").read_text())
    account = Account(*told["account"]) if told["account"] else None
    paths = Paths(Path("/project"), Path(told["home"]), Path(told["runtime"]))
    server = locate(paths, told["name"], told["maximum"], find(told["version"]), account)
    assert render_configuration(server) == (case / "postgresql.conf").read_text()
    assert render_hba(server) == (case / "pg_hba.conf").read_text()
