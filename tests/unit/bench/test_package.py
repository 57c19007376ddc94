"""What the benchmark of packages makes of what it has seen."""

from bench.figures import is_met
from bench.package import closure, findings


def verdicts(**more) -> dict[str, bool | None]:
    seen = {
        "templates": ([0.8, 0.9], [9.0, 9.5]),
        "cold": ([8.0], [9.0]),
        "unchanged": ([0.9], [9.0]),
        "sizes": (40.0, 440.0),
        "resources": {"Evenly": 200, "CDK": 150},
    }
    return {it.what: is_met(it) for it in findings(**{**seen, **more}).measures}


def test_every_target_is_one_that_can_be_missed() -> None:
    assert set(verdicts().values()) == {True}
    assert verdicts(templates=([1.6], [20.0]))["templates"] is False
    assert verdicts(templates=([1.0], [4.0]))["templates, against the CDK"] is False
    assert verdicts(cold=([10.5], [9.0]))["lint, nothing known"] is False
    assert verdicts(unchanged=([1.6], [9.0]))["lint, nothing changed"] is False
    assert verdicts(sizes=(61.0, 440.0))["installed for AWS"] is False


def test_what_an_extra_brings_is_found_to_its_end() -> None:
    needs = {
        "evenly": ["click>=8", "boto3 ; extra == 'aws'", "cfn-lint ; extra == 'lint'"],
        "click": [],
        "boto3": ["botocore<2", "crt ; extra == 'crt'"],
        "botocore": ["six"],
    }
    assert closure("", lambda name: needs.get(name)) == {"click"}
    assert closure("aws", lambda name: needs.get(name)) == {"click", "boto3", "botocore", "six"}
