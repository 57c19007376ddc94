"""Every project in this folder has these very templates, and nothing is found in them.

A new case is a new folder with an `evenly.yaml`; `pytest tests/golden --regenerate` writes the files anew, to be read
before they are kept.
"""

from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.golden.aws.cases import HERE, cases, packaged, stand_in
from tests.unit.aws.securityworld import environments

from evenly.aws.linting.lint import lint
from evenly.aws.linting.schemas import schema_findings
from evenly.aws.packages.files import contents
from evenly.aws.packages.packaging import Origin, package


def files(case: str) -> dict[str, str]:
    """All but the assets."""
    made = contents(packaged(case))
    return {name: content.decode() for name, content in made.items() if not name.startswith("assets/")}


@pytest.mark.parametrize("case", cases())
def test_the_project_has_these_templates(case: str, regenerate: bool) -> None:
    made, folder = files(case), HERE / case / "package"
    if regenerate:
        for old in folder.rglob("*.*"):
            old.unlink()
        for name, text in made.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
    kept = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.*")}
    assert kept.keys() == made.keys(), "run pytest --regenerate, and read what changed"
    for name, text in made.items():
        assert text == kept[name], f"{name} changed: run pytest --regenerate, and read it"


@pytest.mark.parametrize("case", cases())
def test_no_rule_and_no_check_finds_anything(case: str, tmp_path: Path) -> None:
    """But for the exceptions that have a reason."""
    assert lint(packaged(case), tmp_path, lambda _: ()) == ()


@pytest.mark.parametrize("which", environments())
def test_nothing_is_found_in_other_environments_either(which: str, tmp_path: Path) -> None:
    """None of which is in production. What the schemas say of their templates is looked at where they are made."""
    made = package(environments()[which], tmp_path, tmp_path, stand_in)
    assert lint(made, tmp_path, lambda _: ()) == ()


def test_they_are_as_awss_schemas_want_them() -> None:
    stacks = [replace(it, concern=f"{case}/{it.concern}") for case in cases() for it in packaged(case).stacks]
    assert schema_findings(stacks) == ()


def test_every_parameter_is_given() -> None:
    origins = {
        it.origin for case in cases() for stack in packaged(case).stacks for it in stack.parameters.values()
    }
    assert Origin.NOWHERE not in origins
