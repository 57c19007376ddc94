"""What runs on a host before anything else does: each program by itself, against addresses and clients of the tests'
own.

The playbook itself runs for real in tests/functional/aws/hosts.
"""

import ast
import hashlib
import io
import json
import sys
import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, EndpointConnectionError

from evenly.aws import playbook

PROGRAMS = sorted(playbook.FOLDER.glob("*.py"))
SETTINGS = {
    "stack": "hello-staging-service",
    "region": "eu-west-1",
    "cluster": "hello-staging",
    "log_group": "/evenly/hello/staging/hosts",
    "group": "hello-staging-hosts",
    "group_resource": "Hosts",
    "hook": "configured",
    "steps": {"hardening": "HardeningDone1", "logs": "LogsDone1", "agent": "AgentDone1"},
}
HOST = "i-0abcdef0123456789"


def program(name: str) -> ModuleType:
    """The module as it lies in the folder: on a host it is part of no package."""
    spec = spec_from_file_location(f"host_{name}", playbook.FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    found = module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda it: it.name)
def test_python_3_9_understands_it(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 9))
    unknown = {"UTC", "batched", "pairwise", "ExceptionGroup", "TaskGroup"}  # later than 3.9, by name
    assert not {it.id for it in ast.walk(tree) if isinstance(it, ast.Name)} & unknown
    assert not [it for it in ast.walk(tree) if isinstance(it, ast.Match)]
    assert any(isinstance(it, ast.ImportFrom) and it.module == "__future__" for it in tree.body)


def test_the_first_program_needs_nothing_beside_python() -> None:
    tree = ast.parse((playbook.FOLDER / "fetch.py").read_text())
    names = {it.module or "" for it in ast.walk(tree) if isinstance(it, ast.ImportFrom)}
    names |= {alias.name for it in ast.walk(tree) if isinstance(it, ast.Import) for alias in it.names}
    assert {it.partition(".")[0] for it in names} <= sys.stdlib_module_names


def test_the_steps_are_the_playbooks_tags_in_their_order() -> None:
    (play,) = yaml.safe_load((playbook.FOLDER / "playbook.yml").read_text())
    tags = [tag for task in play["tasks"] for tag in task["tags"] if tag != "always"]
    assert tuple(tags) == playbook.STEPS == program("configure").STEPS


def test_the_hash_follows_whatever_is_in_the_folder() -> None:
    before = playbook.digest()
    assert len(before) == 64
    assert playbook.digest.__wrapped__() == before


# --- fetching

KEYS = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG", "token/with+signs==")
URL = "https://bucket.s3.eu-west-1.amazonaws.com/assets/hosts-0123456789abcdef.zip"


def test_it_signs_as_the_sdk_does() -> None:
    request = AWSRequest("GET", URL)
    S3SigV4Auth(Credentials(*KEYS), "s3", "eu-west-1").add_auth(request)
    moment = datetime.strptime(request.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    ours = program("fetch").signed(URL, "eu-west-1", KEYS, moment)
    assert ours.get_header("Authorization") == request.headers["Authorization"]


class Bucket:
    """The metadata service and the bucket, both at one address."""

    def __init__(self, content: bytes, failures: int = 0) -> None:
        self.asked: list[tuple[str, str]] = []
        role = {"AccessKeyId": "AKID", "SecretAccessKey": "hush", "Token": "T"}
        answers = {
            "/latest/api/token": b"session",
            "/latest/meta-data/iam/security-credentials/": b"host-role",
            "/latest/meta-data/iam/security-credentials/host-role": json.dumps(role).encode(),
        }
        world = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                metadata = self.path.startswith("/latest/meta-data")
                if metadata and self.headers.get("X-aws-ec2-metadata-token") != "session":
                    return self.answer(401, b"")
                if not metadata and not self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256"):
                    return self.answer(403, b"")
                return self.answer(200, answers.get(self.path, content))

            def do_PUT(self) -> None:
                self.answer(200, answers[self.path])

            def answer(self, status: int, body: bytes) -> None:
                world.asked.append((self.command, self.path))
                late = len(world.asked) <= failures
                self.send_response(503 if late else status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def zipped(**files: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return made.getvalue()


def fetched(bucket: Bucket, key: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", bucket.url)
    try:
        program("fetch").main("artifacts", key, "eu-west-1", str(folder), metadata=bucket.url, pause_s=0.0)
    finally:
        bucket.close()


def test_it_asks_with_the_hosts_role_waits_for_the_network_and_unpacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = zipped(**{"playbook.yml": "- hosts: all"})
    key = f"assets/hosts-{hashlib.sha256(content).hexdigest()[:16]}.zip"
    bucket = Bucket(content, failures=2)
    fetched(bucket, key, tmp_path, monkeypatch)
    assert (tmp_path / "playbook.yml").read_text() == "- hosts: all"
    assert bucket.asked[-1] == ("GET", f"/artifacts/{key}")


def test_it_takes_nothing_whose_hash_is_not_the_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = Bucket(zipped(**{"playbook.yml": "- hosts: all"}))
    with pytest.raises(SystemExit, match="is not what its name says"):
        fetched(bucket, "assets/hosts-0123456789abcdef.zip", tmp_path, monkeypatch)
    assert not list(tmp_path.iterdir())


# --- configuring


class Played:
    """What the playbook would do: a step that is in `wrong` fails."""

    def __init__(self, *wrong: str) -> None:
        self.wrong = wrong
        self.commands: list[list[str]] = []
        self.environ: dict[str, str] = {}

    def __call__(self, command: list[str], env: dict[str, str] | None = None, check: bool = False) -> Any:
        self.commands.append(command)
        self.environ = env or self.environ
        step = next((it.removeprefix("--tags=") for it in command if it.startswith("--tags=")), "")
        return type("Done", (), {"returncode": 1 if step in self.wrong else 0})()


SIGNALLING = """
import json, pathlib
class Signals:
    def __init__(self, settings, instance_id):
        self.file = pathlib.Path(__file__).with_name("told.jsonl")
        self.id = instance_id
    def _write(self, *what):
        with self.file.open("a") as file:
            file.write(json.dumps([self.id, *what]) + "\\n")
    def tell(self, resource, done):
        self._write("tell", resource, done)
    def finish(self, done):
        self._write("finish", done)
"""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Path]:
    """A folder as it is after the fetch, with one wheel, whose signalling writes down what it is told."""
    (tmp_path / "wheels").mkdir()
    with zipfile.ZipFile(tmp_path / "wheels" / "signalling-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("signalling.py", SIGNALLING)
    (tmp_path / "settings.json").write_text(json.dumps(SETTINGS))
    (tmp_path / "instance-id").write_text(f"{HOST}\n")
    known = set(sys.path)
    yield tmp_path
    sys.path[:] = [it for it in sys.path if it in known]
    sys.modules.pop("signalling", None)


def configured(host: Path, played: Played) -> tuple[int, list[list[Any]]]:
    settings = str(host / "settings.json")
    code = program("configure").main(settings, played, host, host / "instance-id")
    told = (host / "site" / "told.jsonl").read_text().splitlines()
    return code, [json.loads(line) for line in told]


def test_each_step_is_played_and_told_by_itself(host: Path) -> None:
    played = Played()
    code, told = configured(host, played)
    assert code == 0
    assert told == [[HOST, "tell", SETTINGS["steps"][step], True] for step in playbook.STEPS]  # type: ignore[index]
    for command in played.commands[: len(playbook.STEPS)]:
        assert "--connection=local" in command
        assert json.loads(command[-2].removeprefix("--extra-vars=")) == {"evenly": SETTINGS}
    assert played.environ["PYTHONPATH"] == str(host / "site")
    assert played.environ["HOME"] == "/root"


def test_a_step_that_fails_is_told_at_once_and_the_host_put_away(host: Path) -> None:
    played = Played("logs")
    code, told = configured(host, played)
    assert code == 1
    assert told == [
        [HOST, "tell", "HardeningDone1", True],
        [HOST, "tell", "LogsDone1", False],
        [HOST, "finish", False],
    ]
    assert len(played.commands) == 2


# --- signalling


class Client:
    """Of boto3: remembers what it is asked, and answers with `error` if there is one."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, service: str, **_: Any) -> "Client":
        self.service = service
        return self

    def __getattr__(self, action: str) -> Any:
        def ask(**said: Any) -> None:
            self.asked.append((f"{self.service}.{action}", said))
            if self.error:
                raise self.error

        return ask


def test_the_stack_and_the_group_are_told_in_their_own_words() -> None:
    client = Client()
    signals = program("signalling").Signals(SETTINGS, HOST, client)
    signals.tell("LogsDone1", False)
    signals.finish(True)
    assert client.asked == [
        (
            "cloudformation.signal_resource",
            {
                "StackName": "hello-staging-service",
                "LogicalResourceId": "LogsDone1",
                "UniqueId": HOST,
                "Status": "FAILURE",
            },
        ),
        (
            "autoscaling.complete_lifecycle_action",
            {
                "AutoScalingGroupName": "hello-staging-hosts",
                "LifecycleHookName": "configured",
                "InstanceId": HOST,
                "LifecycleActionResult": "CONTINUE",
            },
        ),
    ]


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "SignalResource")


def test_where_nobody_waits_any_more_nothing_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    program("signalling").Signals(SETTINGS, HOST, Client(refused("ValidationError"))).tell("LogsDone1", True)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "error", [refused("AccessDenied"), EndpointConnectionError(endpoint_url="http://nowhere")]
)
def test_what_can_not_be_told_is_logged_and_the_host_goes_on(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    program("signalling").Signals(SETTINGS, HOST, Client(error)).tell("LogsDone1", True)
    assert "signal_resource" in capsys.readouterr().err


# --- ready


def agent(told: object) -> tuple[HTTPServer, str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}/v1/metadata"


@pytest.mark.parametrize(
    ("told", "joined"),
    [
        ({"Cluster": "hello-staging", "ContainerInstanceArn": "arn:aws:ecs:..."}, True),
        ({"Cluster": "hello-staging", "ContainerInstanceArn": None}, False),
        ({"Cluster": "default", "ContainerInstanceArn": "arn:aws:ecs:..."}, False),
    ],
)
def test_a_host_is_ready_when_its_agent_is_in_the_cluster(told: object, joined: bool) -> None:
    server, url = agent(told)
    try:
        assert program("ready").waited_for("hello-staging", url, within_s=0.05, poll_s=0.01) is joined
    finally:
        server.shutdown()
        server.server_close()


def test_an_agent_that_does_not_answer_is_waited_for_and_given_up() -> None:
    assert not program("ready").waited_for("hello-staging", "http://127.0.0.1:1/", within_s=0.05, poll_s=0.01)
