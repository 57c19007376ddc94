"""docs/verify.md names every check that there is, with its promise, and no other; its example is one that runs."""

import re
from pathlib import Path

from evenly.verify.finding import find_checks, select

DOCS = Path(__file__).parents[3] / "docs" / "verify.md"


def test_the_catalogue_is_the_code_s() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [(it.id, it.sentence) for it in find_checks(None)]


def test_its_example_is_a_check(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "shop.py").write_text(example)
    (found,) = select(find_checks(tmp_path), ("shop",))
    assert (found.id, found.advice) == ("shop.price", "evenly database shell")
