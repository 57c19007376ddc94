"""What a task finds out about itself before its program starts, against a real answering address."""

import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509

from evenly.aws import roots
from evenly.aws.launching import NOT_FOUND, main
from evenly.aws.placement import ENDPOINT, TRIES, asked, placement
from evenly.aws.selfsigned import certificate_files

ARN = "arn:aws:ecs:eu-west-1:123456789012:task/hello-staging/0123456789abcdef0123456789abcdef"
TASK = "0123456789abcdef0123456789abcdef"
HOST = "i-0abcdef0123456789"


class Metadata:
    """Answers as ECS's address in a task does, after `failures` refusals."""

    def __init__(self, told: object, failures: int = 0) -> None:
        self.asked: list[str] = []
        answers = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answers.asked.append(self.path)
                well = len(answers.asked) > failures
                content = json.dumps(told).encode()
                self.send_response(200 if well else 500)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/v4/xyz"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def metadata() -> Iterator[Metadata]:
    it = Metadata({"TaskARN": ARN, "AvailabilityZone": "eu-west-1b", "LaunchType": "EC2"}, failures=1)
    yield it
    it.close()


def test_on_a_host_there_are_its_id_the_task_and_the_zone(metadata: Metadata, tmp_path: Path) -> None:
    file = tmp_path / "instance-id"
    file.write_text(f"{HOST}\n")
    found = placement({ENDPOINT: metadata.url, "EVENLY_INSTANCE_ID_FILE": str(file)})
    assert found == {"EVENLY_INSTANCE_ID": HOST, "EVENLY_TASK_ID": TASK, "EVENLY_ZONE": "eu-west-1b"}
    assert metadata.asked == ["/v4/xyz/task"] * 2  # the first answer was a refusal


def test_on_fargate_there_is_no_host(metadata: Metadata) -> None:
    assert placement({ENDPOINT: metadata.url})["EVENLY_INSTANCE_ID"] == ""


@pytest.mark.parametrize("said", ["", "ip-10-0-0-1", "i-xyz", "i-0abcdef0123456789; rm"])
def test_what_is_no_id_is_none(said: str, tmp_path: Path) -> None:
    file = tmp_path / "instance-id"
    file.write_text(said)
    environ = {ENDPOINT: "http://nowhere", "EVENLY_INSTANCE_ID_FILE": str(file)}
    assert placement(environ, lambda _: {})["EVENLY_INSTANCE_ID"] == ""
    assert (
        placement({**environ, "EVENLY_INSTANCE_ID_FILE": str(tmp_path)}, lambda _: {})["EVENLY_INSTANCE_ID"]
        == ""
    )


def test_nobody_stays_down_because_nothing_answers() -> None:
    assert asked("http://127.0.0.1:1/task", pause_s=0.0) == {}
    found = placement({ENDPOINT: "http://127.0.0.1:1"}, lambda _: {})
    assert found == {"EVENLY_INSTANCE_ID": "", "EVENLY_TASK_ID": "unknown", "EVENLY_ZONE": "unknown"}


@pytest.mark.parametrize("told", [["a", "list"], "text", 7])
def test_an_answer_that_makes_no_sense_is_none(told: object) -> None:
    it = Metadata(told)
    try:
        assert asked(it.url, pause_s=0.0) == {}
        assert len(it.asked) < TRIES
    finally:
        it.close()


def test_outside_of_a_task_nothing_is_asked() -> None:
    def ask(url: str) -> Mapping[str, object]:
        raise AssertionError(url)

    assert placement({"EVENLY_INSTANCE_ID_FILE": "/etc/passwd"}, ask) == {}


def test_a_certificate_and_its_key_belong_together_and_nobody_else_reads_them(tmp_path: Path) -> None:
    now = datetime(2026, 11, 26, tzinfo=UTC)
    files = certificate_files("hello", now, tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files["TLS_CERTIFICATE"], files["TLS_KEY"])
    for file in files.values():
        assert Path(file).stat().st_mode & 0o777 == 0o600
        assert Path(file).parent.stat().st_mode & 0o777 == 0o700
    made = x509.load_pem_x509_certificate(Path(files["TLS_CERTIFICATE"]).read_bytes())
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["hello.internal"]
    assert made.not_valid_before_utc < now
    assert made.not_valid_after_utc > now + timedelta(days=3000)
    again = certificate_files("hello", now, tmp_path)
    assert Path(again["TLS_KEY"]).read_bytes() != Path(files["TLS_KEY"]).read_bytes()


class Program:
    """What would take the process's place."""

    def __init__(self) -> None:
        self.argv: list[str] = []
        self.environ: Mapping[str, str] = {}

    def __call__(self, name: str, argv: list[str], environ: Mapping[str, str]) -> None:
        assert name == argv[0]
        self.argv, self.environ = argv, environ


def test_the_program_gets_what_was_there_and_what_was_found(metadata: Metadata) -> None:
    program = Program()
    environ = {ENDPOINT: metadata.url, "PGSSLMODE": "verify-full", "COLOUR": "green"}
    assert main(["serve", "--zone=$EVENLY_ZONE", "cost: 5$$", "$COLOUR"], environ, program) == 0
    assert program.argv == ["serve", "--zone=eu-west-1b", "cost: 5$", "$COLOUR"]
    assert program.environ["COLOUR"] == "green"
    assert program.environ["PGSSLROOTCERT"] == str(roots.FILE)
    assert "TLS_CERTIFICATE" not in program.environ


def test_whoever_says_whom_the_database_has_to_be_from_is_believed() -> None:
    program = Program()
    main(["serve"], {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/mine.pem"}, program)
    assert program.environ["PGSSLROOTCERT"] == "/mine.pem"
    main(["serve"], {}, program)
    assert "PGSSLROOTCERT" not in program.environ


def test_tls_is_made_where_it_is_asked_for() -> None:
    program = Program()
    main(["serve", "$TLS_KEY"], {"EVENLY_TLS": "self-signed", "EVENLY_SERVICE": "hello"}, program)
    key = Path(program.environ["TLS_KEY"])
    try:
        assert program.argv[1] == str(key)
        assert key.read_text().startswith("-----BEGIN PRIVATE KEY-----")
        assert str(key).startswith("/dev/shm/")  # memory, and nothing that outlives the task  # noqa: S108
    finally:
        for file in key.parent.iterdir():
            file.unlink()
        key.parent.rmdir()


def test_what_can_not_be_started_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    def missing(name: str, argv: list[str], environ: Mapping[str, str]) -> None:
        raise FileNotFoundError(2, "No such file or directory", name)

    assert main(["nowhere"], {}, missing) == NOT_FOUND
    assert capsys.readouterr().err == "nowhere can't be started: No such file or directory.\n"
    assert main([], {}, missing) == 2
    assert "usage" in capsys.readouterr().err
