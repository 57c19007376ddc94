"""A package: every parameter has its source, and the folder holds it and nothing else."""

import json
from pathlib import Path

import pytest
from tests.unit.aws.packageworld import packaged, write

from evenly.aws.packages.files import contents
from evenly.aws.packages.files import write as write_package
from evenly.aws.packages.packaging import Origin
from evenly.errors import UsageError

OWN = """
def template(topology):
    parameters = {name: {"Type": "String", "Description": name} for name in ("KeyArn", "Image", "Unknown")}
    parameters["Size"] = {"Type": "String", "Description": "Size", "Default": "3"}
    return {"Parameters": parameters, "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
"""


def test_every_parameter_has_its_source(tmp_path: Path) -> None:
    write(tmp_path / "stacks" / "own.py", OWN)
    found = {key: (it.origin, it.said) for key, it in packaged(tmp_path).stack("own").parameters.items()}
    assert found == {
        "KeyArn": (Origin.STACK, "foundation"),
        "Image": (Origin.LOOKED_UP, None),
        "Unknown": (Origin.NOWHERE, None),
        "Size": (Origin.DEFAULT, "3"),
    }


def test_the_index_tells_where_values_come_from(tmp_path: Path) -> None:
    write(tmp_path / "stacks" / "own.py", OWN)
    files = contents(packaged(tmp_path))
    index = json.loads(files["package.json"])
    own = next(it for it in index["stacks"] if it["name"] == "own")
    assert own["parameters"]["KeyArn"] == {
        "from": "stack",
        "stack": "shop-production-foundation",
        "published": "/shop/production/foundation/KeyArn",
    }
    assert own["termination_protection"] is True
    assert index["waves"][0][0] == "foundation"
    configuration = json.loads(files["parameters/own.json"])
    assert configuration["Parameters"] == {"Size": "3"}
    assert configuration["Tags"]["evenly:environment"] == "production"


def test_the_same_project_is_the_same_files(tmp_path: Path) -> None:
    assert contents(packaged(tmp_path)) == contents(packaged(tmp_path))


def test_the_folder_holds_the_package_and_nothing_of_the_one_before(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(tmp_path / "stacks" / "own.py", OWN)
    write_package(packaged(tmp_path), out, "out")
    assert (out / "templates" / "own.yaml").exists()
    (tmp_path / "stacks" / "own.py").unlink()
    files = write_package(packaged(tmp_path), out, "out")
    assert {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()} == {*files}
    assert not (out / "templates" / "own.yaml").exists()


def test_what_is_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path / "out" / "notes.txt", "mine")
    with pytest.raises(UsageError, match=r"no package of Evenly's: notes\.txt"):
        write_package(packaged(tmp_path), tmp_path / "out", "out")
    assert [it.name for it in (tmp_path / "out").iterdir()] == ["notes.txt"]


def test_a_package_with_something_else_beside_it_is_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_package(packaged(tmp_path), out, "out")
    write(out / "templates" / "mine.yaml", "mine")
    with pytest.raises(UsageError, match=r"templates/mine\.yaml"):
        write_package(packaged(tmp_path), out, "out")
