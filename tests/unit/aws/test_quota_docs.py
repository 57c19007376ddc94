"""The table of quotas in the documentation is the table that is looked at."""

import re
from pathlib import Path

from evenly.aws.preflight.quotas import QUOTAS

PAGE = Path(__file__).parents[3] / "docs" / "aws.md"
ROW = re.compile(
    r"^\| (?P<name>[^|`]+) \| (?:(?P<service>\w+) `(?P<code>L-\w+)`|by AWS's support) \| (?P<most>\d+) \|"
)


def test_each_quota_is_in_the_documentation_as_it_is_here() -> None:
    found = [it for line in PAGE.read_text(encoding="utf-8").splitlines() if (it := ROW.match(line))]
    assert [(it["name"], it["service"], it["code"], float(it["most"])) for it in found] == [
        (it.name, it.service if it.code else None, it.code, it.default) for it in QUOTAS.values()
    ]
