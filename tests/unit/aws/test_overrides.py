"""What the user changes of our templates."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.aws.packageworld import packaged, write

from evenly.aws.packages.overrides import overridden
from evenly.errors import UsageError

BODIES: dict[str, Any] = {
    "network": {"Resources": {"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}}},
    "data": {"Resources": {"Database": {"Type": "AWS::RDS::DBInstance", "Properties": {}}}},
}


def patch(project: Path, name: str, *operations: Any) -> None:
    write(project / "overrides" / f"{name}.json", json.dumps(operations))


def refusal(project: Path) -> UsageError:
    with pytest.raises(UsageError) as raised:
        overridden(BODIES, project, "production")
    return raised.value


def test_without_a_folder_nothing_changes(tmp_path: Path) -> None:
    assert overridden(BODIES, tmp_path, "production") == BODIES


def test_a_patch_changes_its_stack_and_no_other(tmp_path: Path) -> None:
    patch(
        tmp_path,
        "network",
        {"op": "replace", "path": "/Resources/Vpc/Properties/CidrBlock", "value": "10.9.0.0/16"},
        {"op": "add", "path": "/Resources/Vpc/Properties/EnableDnsSupport", "value": True},
    )
    found = overridden(BODIES, tmp_path, "production")
    assert found["network"]["Resources"]["Vpc"]["Properties"] == {
        "CidrBlock": "10.9.0.0/16",
        "EnableDnsSupport": True,
    }
    assert found["data"] == BODIES["data"]
    assert BODIES["network"]["Resources"]["Vpc"]["Properties"] == {"CidrBlock": "10.0.0.0/16"}


def test_a_patch_of_the_environment_comes_after_that_of_all(tmp_path: Path) -> None:
    path = "/Resources/Vpc/Properties/CidrBlock"
    patch(tmp_path, "network", {"op": "replace", "path": path, "value": "10.1.0.0/16"})
    patch(tmp_path, "production/network", {"op": "replace", "path": path, "value": "10.2.0.0/16"})
    patch(tmp_path, "staging/network", {"op": "replace", "path": path, "value": "10.3.0.0/16"})
    cidr = overridden(BODIES, tmp_path, "production")["network"]["Resources"]["Vpc"]["Properties"][
        "CidrBlock"
    ]
    assert cidr == "10.2.0.0/16"


def test_a_patch_that_does_not_fit_is_named_with_its_place(tmp_path: Path) -> None:
    fits = {"op": "test", "path": "/Resources/Vpc/Type", "value": "AWS::EC2::VPC"}
    patch(tmp_path, "network", fits, {"op": "replace", "path": "/Resources/Wpc/Type", "value": "x"})
    error = refusal(tmp_path)
    assert error.where == "overrides/network.json"
    assert error.what.startswith("operation 2 (replace /Resources/Wpc/Type) does not fit the template: ")


def test_a_test_that_fails_says_so(tmp_path: Path) -> None:
    patch(tmp_path, "network", {"op": "test", "path": "/Resources/Vpc/Type", "value": "AWS::S3::Bucket"})
    assert "found something else there than it expects" in refusal(tmp_path).what


def test_of_an_environment_the_whole_path_is_told(tmp_path: Path) -> None:
    write(tmp_path / "overrides" / "production" / "network.json", "[")
    assert refusal(tmp_path).where == "overrides/production/network.json"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[", "this is no JSON"),
        ("{}", "this is no JSON patch"),
        ("[1]", "operation 1 is none"),
        ('[{"op": "increase", "path": "/x"}]', "operation 1 is none"),
        ('[{"op": "remove"}]', "operation 1 has no path"),
        ('[{"op": "add", "path": "/Resources/X"}]', "operation 1 (add /Resources/X) does not fit"),
        ('[{"op": "remove", "path": "x"}]', "operation 1 (remove x) does not fit"),
        ('[{"op": "remove", "path": "/Resources"}]', "nothing is left"),
        ('[{"op": "replace", "path": "", "value": []}]', "nothing is left"),
    ],
)
def test_what_is_no_patch_is_refused(tmp_path: Path, text: str, what: str) -> None:
    write(tmp_path / "overrides" / "network.json", text)
    assert refusal(tmp_path).what.startswith(what)


def test_a_patch_for_no_stack_names_the_nearest(tmp_path: Path) -> None:
    patch(tmp_path, "netwrk", {"op": "remove", "path": "/x"})
    assert "Did you mean network?" in refusal(tmp_path).what


def test_the_text_has_what_the_patch_changed(tmp_path: Path) -> None:
    patch(tmp_path, "foundation", {"op": "replace", "path": "/Description", "value": "changed by us"})
    assert "Description: changed by us" in packaged(tmp_path).stack("foundation").text
