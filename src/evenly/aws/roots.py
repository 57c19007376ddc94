"""The authorities that RDS's certificates are proved by: the bundle that is in the rotation's asset, and who is in it.

Reads that one file. Where it comes from, and how it is renewed: scripts/roots.py.
"""

import re
from pathlib import Path

FILE = Path(__file__).with_name("assets") / "rotation" / "roots.pem"
NAMED = re.compile(r"^# Amazon RDS ([a-z0-9-]+) Root CA ([A-Z0-9]+ G1)$", re.MULTILINE)


def regions() -> frozenset[str]:
    """The regions whose databases can be proved, by the authority that they are given (rds-ca-rsa2048-g1)."""
    said = NAMED.findall(FILE.read_text("ascii"))
    return frozenset(region for region, kind in said if kind == "RSA2048 G1")
