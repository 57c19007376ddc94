"""A host's whole beginning, run for real: the user data as CloudFormation hands it out, on a root of Debian 11.

What is shown: the fetch with a signature and a hash, the vendored Ansible on Python 3.9, every task of the playbook,
the signals to CloudFormation step by step, and that a second run changes nothing. What is not: Amazon Linux 2023,
systemd (nothing is started), Docker, ECS's agent, and CloudWatch's, which is an empty package here.
"""

import hashlib
import io
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.functional.aws.hosts.hostroot import HOST, Aws, inside, make_root, missing, wheels

from evenly.aws import playbook
from evenly.aws.stacks import service
from evenly.aws.topology import aws_topology
from evenly.manifest.types import Environment, Manifest

pytestmark = [
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
    pytest.mark.timeout(600),
]
STEPS = {it: f"{it.capitalize()}Done{playbook.digest()[:8]}" for it in playbook.STEPS}
GIVEN = {
    "ArtifactBucket": "artifacts",
    "AWS::Region": "eu-west-1",
    "AWS::StackName": "hello-staging-service",
}


def zipped() -> bytes:
    """As packaging makes it: the folder, and the wheels that its requirements name."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path in sorted(playbook.FOLDER.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, path.relative_to(playbook.FOLDER))
        for wheel in wheels(playbook.FOLDER / "requirements.txt"):
            archive.write(wheel, f"wheels/{wheel.name}")
    return made.getvalue()


def user_data(content: bytes) -> str:
    """Of the template, with what CloudFormation puts in."""
    said = Manifest(name="hello", environments={"staging": Environment(target="aws", regions=("eu-west-1",))})
    body = json.loads(service.template(aws_topology(said, "staging")).to_json())
    words = body["Resources"]["HostTemplate"]["Properties"]["LaunchTemplateData"]["UserData"]["Fn::Base64"][
        "Fn::Sub"
    ]
    given = {**GIVEN, "HostsCode": f"assets/hosts-{hashlib.sha256(content).hexdigest()[:16]}.zip"}
    return re.sub(r"\$\{([^}]+)\}", lambda found: given[found[1]], words)


@pytest.fixture(scope="module")
def content() -> bytes:
    return zipped()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("host") / "root"
    folder.mkdir()
    folder.chmod(0o755)
    make_root(folder)
    return folder


@pytest.fixture
def aws(content: bytes) -> Iterator[Aws]:
    it = Aws(content)
    yield it
    it.close()


def begin(root: Path, aws: Aws, words: str) -> subprocess.CompletedProcess[str]:
    (root / "begin.sh").write_text(words)
    return inside(root, ["bash", "/begin.sh"], reaching(aws))


def reaching(aws: Aws) -> dict[str, str]:
    return {"AWS_EC2_METADATA_SERVICE_ENDPOINT": aws.url, "AWS_ENDPOINT_URL": aws.url}


def changed(output: str) -> list[int]:
    """What each step's play says that it has changed."""
    assert re.findall(r"failed=(\d+)", output), output
    return [int(it) for it in re.findall(r"changed=(\d+)", output)]


def signals(aws: Aws) -> list[tuple[str, str]]:
    return [
        (said["LogicalResourceId"], said["Status"]) for action, said in aws.told if action == "SignalResource"
    ]


def test_a_new_host_configures_itself_tells_each_step_and_changes_nothing_the_second_time(
    made: Path, aws: Aws, content: bytes
) -> None:
    first = begin(made, aws, user_data(content))
    assert first.returncode == 0, first.stdout + first.stderr
    assert all(it > 0 for it in changed(first.stdout))
    assert signals(aws) == [(STEPS[step], "SUCCESS") for step in playbook.STEPS]
    for _, said in aws.told:
        assert said["StackName"] == "hello-staging-service"
        assert said["UniqueId"] == HOST
    _is_configured(made)
    aws.done = set(STEPS.values())  # the stack is done: nobody waits any more
    second = inside(
        made, ["python3", "/opt/evenly/hosts/configure.py", "/opt/evenly/settings.json"], reaching(aws)
    )
    assert second.returncode == 0, second.stdout + second.stderr
    assert changed(second.stdout) == [0] * len(playbook.STEPS)
    assert second.stderr.count("signal_resource") == 0


def _is_configured(root: Path) -> None:
    for unit in ("ssh.service", "ssh.socket", "sshd.service", "sshd.socket"):
        assert (root / "etc/systemd/system" / unit).readlink() == Path("/dev/null")
    agent = (root / "etc/ecs/ecs.config").read_text()
    assert "ECS_CLUSTER=hello-staging\n" in agent
    assert "ECS_AWSVPC_BLOCK_IMDS=true\n" in agent
    assert (root / "etc/ecs/ecs.config").stat().st_mode & 0o777 == 0o600
    assert json.loads((root / "etc/docker/daemon.json").read_text())["icc"] is False
    logs = json.loads((root / "etc/evenly/logs.json").read_text())
    collected = logs["logs"]["logs_collected"]["files"]["collect_list"]
    assert {it["log_group_name"] for it in collected} == {"/evenly/hello/staging/hosts"}
    assert len({it["log_stream_name"] for it in collected}) == len(collected) == 4
    assert "kernel.kptr_restrict = 2\n" in (root / "etc/sysctl.d/90-evenly.conf").read_text()
    assert (root / "etc/modprobe.d/evenly.conf").exists()
    assert inside(root, ["dpkg-query", "--show", "amazon-cloudwatch-agent"], {}).returncode == 0


def test_whatever_somebody_changed_is_brought_back(made: Path, aws: Aws) -> None:
    (made / "etc/ecs/ecs.config").write_text("ECS_CLUSTER=elsewhere\n")
    (made / "etc/systemd/system/ssh.service").unlink()
    again = inside(
        made, ["python3", "/opt/evenly/hosts/configure.py", "/opt/evenly/settings.json"], reaching(aws)
    )
    assert changed(again.stdout) == [1, 0, 1]
    _is_configured(made)


def test_a_step_that_fails_is_told_and_the_host_put_away(made: Path, aws: Aws) -> None:
    """There is no package, and none to be had."""
    inside(made, ["dpkg", "--purge", "amazon-cloudwatch-agent"], {})
    shutil.move(made / "etc/apt/sources.list", made / "etc/apt/sources.away")
    inside(made, ["sh", "-c", "rm -rf /var/lib/apt/lists/*"], {})
    failed = inside(
        made, ["python3", "/opt/evenly/hosts/configure.py", "/opt/evenly/settings.json"], reaching(aws)
    )
    assert failed.returncode == 1
    assert signals(aws) == [(STEPS["hardening"], "SUCCESS"), (STEPS["logs"], "FAILURE")]
    action, said = aws.told[-1]
    assert action == "CompleteLifecycleAction"
    assert said["LifecycleActionResult"] == "ABANDON"
    assert (said["AutoScalingGroupName"], said["LifecycleHookName"]) == ("hello-staging-hosts", "configured")


def test_a_zip_that_is_not_what_its_name_says_is_not_unpacked(made: Path, aws: Aws, content: bytes) -> None:
    words = user_data(content)
    aws.content = content + b"more"
    shutil.rmtree(made / "opt/evenly", ignore_errors=True)
    assert begin(made, aws, words).returncode != 0
    assert not (made / "opt/evenly/hosts").exists()
    assert aws.told == []
