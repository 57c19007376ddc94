"""Schemathesis on the whole product: the edge's TLS, its limits and its own answers included."""

import subprocess
import sys
from pathlib import Path

# Envoy's HTTP/1.1 parser takes a method that it has never heard of (QUERY, say) for a malformed request: 400.
ENVOYS_OWN = "unsupported_method"


def test_the_product_answers_as_the_services_document_says(make, tmp_path: Path) -> None:
    made = make()
    made.up()
    program = Path(sys.executable).with_name("schemathesis")
    checks = ["--checks=all", f"--exclude-checks={ENVOYS_OWN}"]
    options = ["--seed=1", "--max-examples=5", f"--tls-verify={made.home / 'certificates' / 'ca.pem'}"]
    done = subprocess.run(
        [program, "run", f"https://localhost:{made.https_port}/openapi.json", *checks, *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert made.request("TRACE", "/").headers["allow"]
