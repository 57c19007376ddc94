"""What is said to each broken manifest, word for word, and what each good one means. A new case is a new file."""

import json
from pathlib import Path

import pytest
import yaml

from evenly.manifest import ManifestError
from evenly.manifest.dump import as_dict
from evenly.manifest.loading import parse_bytes
from evenly.manifest.parsing import parse

HERE = Path(__file__).parent
FOLDER = Path("hello")


def compare(case: Path, suffix: str, said: str, regenerate: bool) -> None:
    expected = case.with_suffix(suffix)
    if regenerate:
        expected.write_bytes(said.encode())
    assert expected.exists(), f"{case.name} has no {expected.name}: run pytest --regenerate, and read it"
    assert said == expected.read_bytes().decode()


def test_a_broken_manifest_is_told_what_is_wrong(broken: Path, regenerate: bool) -> None:
    with pytest.raises(ManifestError) as raised:
        parse_bytes(broken.read_bytes(), "evenly.yaml", FOLDER)
    compare(broken, ".txt", f"{raised.value}\n", regenerate)


def test_pyyamls_own_parser_says_the_same(broken: Path) -> None:
    try:
        text = broken.read_bytes().decode()
    except UnicodeDecodeError:
        return  # no parser ever sees it
    with pytest.raises(ManifestError) as raised:
        parse(text, "evenly.yaml", FOLDER, loader=yaml.SafeLoader)
    assert f"{raised.value}\n" == broken.with_suffix(".txt").read_text()


def test_a_good_manifest_means_what_it_says(good: Path, regenerate: bool) -> None:
    manifest = parse_bytes(good.read_bytes(), "evenly.yaml", FOLDER)
    said = json.dumps(as_dict(manifest), indent=2, ensure_ascii=False)
    compare(good, ".json", f"{said}\n", regenerate)


def test_no_expectation_has_lost_its_case() -> None:
    expectations = [*HERE.glob("broken/*.txt"), *HERE.glob("good/*.json")]
    assert [each.name for each in expectations if not each.with_suffix(".yaml").exists()] == []


def test_there_are_seventy_broken_manifests_or_more() -> None:
    assert len(list(HERE.glob("broken/*.yaml"))) >= 70
