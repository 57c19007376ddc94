"""A walk through an environment's life, as somebody with the command, a browser and curl would take it."""

import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
INSTANCE = {"id", "state", "pid", "address", "release", "started_at"}
STATUS = {
    "environment",
    "target",
    "state",
    "urls",
    "ca_certificate",
    "release",
    "desired",
    "zones",
    "balancer",
    "database",
    "supervisor",
}


@pytest.fixture(scope="module")
def walk(make_shared) -> Iterator:
    made = make_shared()
    made.first_up = made.up()
    return made


def zones_and_ids(made, requests: int = 25) -> set[tuple[str, str]]:
    answers = [made.get("/").json() for _ in range(requests)]
    return {(it["zone"], it["instance_id"]) for it in answers}


def test_up_prints_the_address_and_the_zones_with_their_instances(walk):
    told = walk.first_up.stdout + walk.first_up.stderr
    assert f"https://localhost:{walk.https_port}/" in told
    assert {"local-a", "local-b"} <= set(re.findall(r"local-[ab]", told))
    assert {it["id"] for it in walk.instances()} == set(re.findall(r"i-[0-9a-f]{17}", told))


def test_the_status_has_every_field(walk):
    status = walk.status()
    assert set(status) >= STATUS
    assert (status["environment"], status["target"], status["state"]) == ("local", "local", "healthy")
    assert (status["release"], status["desired"]) == (1, 2)
    assert status["urls"] == {
        "https": f"https://localhost:{walk.https_port}/",
        "http": f"http://localhost:{walk.http_port}/",
    }
    for zone in status["zones"]:
        assert set(zone) >= {"name", "available", "instances"}
        assert (zone["available"], len(zone["instances"])) == (True, 1)
        for instance in zone["instances"]:
            assert set(instance) >= INSTANCE
            assert re.fullmatch(r"i-[0-9a-f]{17}", instance["id"])
            assert (instance["state"], instance["release"]) == ("healthy", 1)
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", instance["started_at"])
    for part in ("balancer", "database", "supervisor"):
        assert status[part]["state"] == "running"
        assert psutil.pid_exists(status[part]["pid"])


def test_instances_of_both_zones_answer(walk):
    expected = {(zone["name"], it["id"]) for zone in walk.status()["zones"] for it in zone["instances"]}
    assert zones_and_ids(walk) == expected
    assert {zone for zone, _ in expected} == {"local-a", "local-b"}


def test_the_answer_is_read_from_the_database(walk):
    answer = walk.get("/").json()
    assert set(answer) == {"instance_id", "zone", "region", "release", "greeting"}
    assert (answer["region"], answer["release"]) == ("local", 1)
    known = walk.get("/greetings?limit=100").json()["greetings"]
    assert (answer["greeting"]["language"], answer["greeting"]["text"]) in {
        (it["language"], it["text"]) for it in known
    }


def test_a_browser_gets_a_page_with_the_instance_and_the_zone(walk):
    answer = walk.get("/", {"Accept": BROWSER})
    page = answer.body.decode()
    assert answer.headers["Content-Type"].startswith("text/html")
    assert any(it["id"] in page for it in walk.instances())
    assert re.search(r"local-[ab]", page)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "hello.localhost"])
def test_the_certificate_is_good_for_each_name(walk, host):
    assert walk.get("/healthz", host=host).status == 200


def test_http_redirects_and_keeps_path_and_query(walk):
    answer = walk.plain("/greetings/7?a=1&b=%20x")
    assert answer.status == 301
    assert answer.headers["Location"] == f"https://localhost:{walk.https_port}/greetings/7?a=1&b=%20x"


def test_http_redirects_nobody_to_a_foreign_host(walk):
    answer = walk.plain("/", host="evil.example")
    assert (answer.status, answer.headers["Location"]) == (400, None)


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/greetings/none", 404)])
def test_an_error_is_a_page_or_problem_json_and_gives_nothing_away(walk, path, status):
    problem, page = walk.get(path), walk.get(path, {"Accept": BROWSER})
    assert problem.status == page.status == status
    assert problem.headers["Content-Type"].startswith("application/problem+json")
    assert page.headers["Content-Type"].startswith("text/html")
    for body in (problem.body, page.body):
        assert not re.search(rb"Traceback|File \"|granian|asyncpg|Python/", body)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"language": 1, "text": []}', b"\xff" * 9])
def test_bad_input_is_refused_and_is_never_an_error_of_ours(walk, body):
    answer = walk.request("POST", "/greetings", {"Content-Type": "application/json"}, body)
    assert 400 <= answer.status < 500
    assert answer.headers["Content-Type"].startswith("application/problem+json")


def test_what_was_posted_is_found_by_every_instance(walk):
    made = walk.posts("Found by all")
    seen = set()
    for _ in range(25):
        answer = walk.get(f"/greetings/{made['id']}")
        assert answer.json()["text"] == "Found by all"
    for _ in range(25):
        seen.add(walk.get("/").json()["instance_id"])
    assert seen == {it["id"] for it in walk.instances()}


def test_health_and_readiness(walk):
    assert walk.get("/healthz").status == 200
    assert walk.get("/readyz").status == 200


def test_the_second_up_changes_nothing_and_says_so(walk):
    before = (walk.part_pids, walk.serving)
    done = walk.up()
    assert (walk.part_pids, walk.serving) == before
    assert "already" in (done.stdout + done.stderr) or "nothing" in (done.stdout + done.stderr).lower()


def test_an_edited_manifest_changes_nothing_and_shows_the_difference(walk):
    before = (walk.part_pids, walk.serving)
    walk.write_manifest("count: 4\nvariables: {COLOUR: blue}")
    try:
        done = walk.up()
    finally:
        walk.write_manifest()
    told = done.stdout + done.stderr
    assert (walk.part_pids, walk.serving) == before
    assert "count" in told
    assert "COLOUR" in told


def test_scale_outside_of_the_range_is_refused(walk):
    done = walk.run("scale", "9")
    assert done.returncode == 2
    assert "2 to 8" in done.stderr
    assert len(walk.instances()) == 2


def test_state_is_closed_to_everybody_else(walk):
    folders = {walk.folder / ".evenly", walk.home}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}
    exposed = [path for path in walk.home.rglob("*") if is_secret(path) and path.stat().st_mode & 0o077]
    assert not exposed
    assert any(is_secret(path) for path in walk.home.rglob("*"))


def is_secret(path: Path) -> bool:
    return path.is_file() and (path.suffix == ".key" or path.name in ("key.pem", "secrets.json"))


def test_the_passwords_are_in_no_log_no_argument_and_no_open_file(walk):
    stored = json.loads((walk.home / "secrets.json").read_text())["data"]
    secrets = [value.encode() for value in stored.values()]
    assert len(secrets) >= 3
    of_the_standby = set(walk.root_data.rglob("replication.pgpass")) | set(
        walk.home.rglob("replication.pgpass")
    )
    assert {it.stat().st_mode & 0o777 for it in of_the_standby} <= {0o600}
    allowed = {walk.home / "secrets.json", *of_the_standby}
    holding = [
        path
        for root in (walk.home, walk.root_data, walk.runtime)
        for path in root.rglob("*")
        if path.is_file() and path not in allowed and any(secret in path.read_bytes() for secret in secrets)
    ]
    assert not holding
    arguments = [arg.encode() for it in psutil.process_iter() for arg in arguments_of(it)]
    assert not [argument for argument in arguments if any(secret in argument for secret in secrets)]
    told = walk.run("status", "--json").stdout + walk.first_up.stdout + walk.first_up.stderr
    assert not any(secret in told.encode() for secret in secrets)


def arguments_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_down_leaves_nothing_and_the_data_stays(walk):
    made = walk.posts("Still here")
    walk.down()
    assert walk.leftovers() == []
    assert walk.run("down").returncode == 0
    assert walk.run("status", "--json").returncode in (0, 3)
    walk.up()
    assert walk.get(f"/greetings/{made['id']}").json()["text"] == "Still here"
    assert walk.status()["release"] == 1


def test_data_is_deleted_only_by_name(walk):
    refused = walk.run("down", "--delete-data")
    assert refused.returncode != 0
    wrong = walk.run("down", "--delete-data", "--confirm", "production")
    assert wrong.returncode != 0
    assert walk.get("/").status == 200
    done = walk.run("down", "--delete-data", "--confirm", "local")
    assert done.returncode == 0, done.stderr
    assert not walk.home.exists()
    assert not walk.root_data.exists()
    assert walk.leftovers() == []


def test_an_empty_folder_is_enough(default_ports, make):
    made = make()
    (made.folder / "evenly.yaml").unlink()
    made.up()
    status = made.status()
    assert status["state"] == "healthy"
    made.https_port = int(status["urls"]["https"].rstrip("/").rpartition(":")[2])
    made.http_port = int(status["urls"]["http"].rstrip("/").rpartition(":")[2])
    assert {zone for zone, _ in zones_and_ids(made)} == {"local-a", "local-b"}
