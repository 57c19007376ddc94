"""Runs cfn-lint, AWS's own schemas, over templates: in processes of its own, one a core. Touches an empty folder of the
system's, which goes away."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from evenly.aws.linting.findings import Severity, TemplateFinding
from evenly.aws.needs import require
from evenly.aws.packages.packaging import Packaged
from evenly.errors import StateError

WORKER = [sys.executable, "-m", "evenly.aws.linting.worker"]
SEVERITIES = {
    "error": Severity.ERROR,
    "warning": Severity.WARNING,
}  # it gives no information that was not asked for
MOST = 4  # processes: each holds a few hundred megabytes

Job = dict[str, str]
Worker = Callable[[Sequence[Job]], list[dict[str, Any]]]


def schema_findings(stacks: Sequence[Packaged], work: Worker | None = None) -> tuple[TemplateFinding, ...]:
    """Raises StateError where cfn-lint is not installed, or does not run."""
    if not stacks:
        return ()
    require("cfnlint")
    shares = shared(stacks, min(os.cpu_count() or 1, MOST))
    with ThreadPoolExecutor(len(shares)) as pool:
        told = pool.map(work or run_worker, shares)
        return tuple(_finding(it) for share in told for it in share)


def shared(stacks: Sequence[Packaged], count: int) -> list[list[Job]]:
    """The templates as `count` shares of about the same size, the largest first; none is empty."""
    shares: list[list[Job]] = [[] for _ in range(count)]
    for it in sorted(stacks, key=lambda it: len(it.text), reverse=True):
        least = min(shares, key=lambda share: sum(len(job["text"]) for job in share))
        least.append({"stack": it.concern, "region": it.region, "text": it.text})
    return [share for share in shares if share]


def run_worker(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="evenly-lint-") as empty:
        surroundings = {**os.environ, "HOME": empty}
        done = subprocess.run(
            WORKER,
            input=json.dumps(jobs),
            cwd=empty,
            env=surroundings,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}."]
        raise StateError(
            f"cfn-lint did not run: {said[-1]}", where="lint", try_="Look whether it is installed as a whole."
        )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def _finding(told: dict[str, Any]) -> TemplateFinding:
    return TemplateFinding(
        stack=told["stack"],
        resource=told["resource"],
        rule=told["rule"],
        severity=SEVERITIES.get(told["severity"], Severity.WARNING),
        what=told["what"],
        try_=f"See line {told['line']} of its template: evenly package.",
    )
