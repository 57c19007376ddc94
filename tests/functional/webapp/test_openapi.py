"""Schemathesis on the running service, all checks in all phases: what it answers is what its document says."""

import json
import subprocess
import sys
from pathlib import Path

from evenly.webapp.handlers import OPENAPI


def test_the_service_answers_as_its_document_says(service, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("schemathesis")
    done = subprocess.run(
        [program, "run", f"{service.url}/openapi.json", "--checks=all", "--seed=1", "--max-examples=25"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


async def test_the_document_is_served_as_it_is_kept(client) -> None:
    async with client.get("/openapi.json") as answer:
        assert (answer.status, answer.content_type) == (200, "application/json")
        assert await answer.json() == json.loads(OPENAPI.read_text())
