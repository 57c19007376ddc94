"""Images: found by their source, built here or on AWS, and pushed."""

import os
from pathlib import Path

import pytest
from tests.unit.aws.releasefakes import PASSWORD, URI
from tests.unit.aws.releaseworld import SOURCE, ReleaseAws, done, topology, wanted

from evenly.aws.releasing import docker
from evenly.aws.releasing.images import Images, Places
from evenly.aws.releasing.programs import Programs
from evenly.aws.releasing.registry import Login
from evenly.core.secret import Secret
from evenly.errors import StateError, TargetError

PLACES = Places("artifacts", "shop-staging-build")
NAMED = f"{URI}:{SOURCE.tag}"
REGISTRY = URI.partition("/")[0]


def world() -> ReleaseAws:
    """With a foundation, and with nothing in its repository."""
    aws = ReleaseAws()
    done(aws, wanted(), docker=False)
    aws.registry.images.clear()
    aws.builds.builds.clear()
    aws.builds.started.clear()
    aws.told.clear()
    return aws


def image(aws: ReleaseAws, *, docker: bool = True, checked: bool = True, places: Places = PLACES) -> str:
    programs = aws.programs if docker else None
    return Images(aws.cloud, topology(), aws.time.clock, aws.say, programs, checked=checked).image(
        SOURCE, places
    )


def test_one_that_is_there_is_taken_and_nothing_is_built() -> None:
    aws = world()
    aws.registry.images[SOURCE.tag] = "sha256:there"
    assert image(aws) == f"{URI}@sha256:there"
    assert not aws.programs.ran
    assert not aws.builds.started


def test_docker_builds_checks_logs_in_pushes_and_logs_out() -> None:
    aws = world()
    assert image(aws) == f"{URI}@sha256:1"
    assert aws.programs.words() == ["info", "build", "run", "login", "push", "logout"]
    argv = [it for it, _ in aws.programs.ran]
    assert argv[1][:-1] == ("docker", "build", "--pull", "--platform", "linux/amd64", "--tag", NAMED)
    assert argv[2][-4:] == ("python", NAMED, "-c", docker.CHECK)
    assert argv[3] == ("docker", "login", "--username", "AWS", "--password-stdin", REGISTRY)
    assert argv[4] == ("docker", "push", NAMED)
    assert not aws.builds.started


def test_the_password_is_said_on_stdin_alone_and_to_the_login_alone() -> None:
    aws = world()
    image(aws)
    assert [said for _, said in aws.programs.ran] == [None, None, None, PASSWORD, None, None]
    assert not any(PASSWORD in word for argv, _ in aws.programs.ran for word in argv)
    assert PASSWORD not in "".join(aws.told)


def test_podman_takes_its_place_where_docker_does_not_answer() -> None:
    aws = world()
    aws.programs.there = ("docker", "podman")
    aws.programs.fails["docker info"] = 1
    image(aws)
    assert {it[0] for it, _ in aws.programs.ran[2:]} == {"podman"}


def test_an_app_that_needs_no_evenly_is_not_looked_into() -> None:
    aws = world()
    image(aws, checked=False)
    assert "run" not in aws.programs.words()


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("build", "could not be built: docker ended with 7"),
        ("run", "Evenly is not in it"),
        ("login", "can't be logged in to"),
        ("push", "could not be pushed"),
    ],
)
def test_what_fails_is_told_with_its_last_lines_and_nothing_is_pushed(word: str, said: str) -> None:
    aws = world()
    aws.programs.fails[word] = 7
    with pytest.raises(TargetError, match=said) as told:
        image(aws)
    assert "last line" in str(told.value)
    assert not aws.registry.images
    assert ("logout" in aws.programs.words()) == (word == "push")


def test_who_was_faster_pushed_the_same() -> None:
    aws = world()
    aws.programs.fails["push"] = 1  # the tag is immutable
    run = aws.programs.run

    def faster(argv: tuple[str, ...], said: Secret | None = None) -> object:
        if argv[1] == "push":
            aws.registry.push(SOURCE.tag)
        return run(argv, said)

    aws.programs.run = faster  # type: ignore[assignment,method-assign]
    assert image(aws) == f"{URI}@sha256:1"


# --- on AWS


def test_without_docker_the_build_project_builds_the_same_source() -> None:
    aws = world()
    assert image(aws, docker=False) == f"{URI}@sha256:1"
    (started,) = aws.builds.started
    key = f"source/{SOURCE.digest}.zip"
    assert started["projectName"] == "shop-staging-build"
    assert started["sourceLocationOverride"] == f"artifacts/{key}"
    assert aws.storage.objects["artifacts", key] == SOURCE.zipped()
    variables = {it["name"]: it["value"] for it in started["environmentVariablesOverride"]}
    assert variables == {"IMAGE_TAG": SOURCE.tag, "IMAGE_CHECK": docker.CHECK}
    assert "image: builds" in aws.told


def test_a_build_is_told_to_check_nothing_where_nothing_is_needed() -> None:
    aws = world()
    image(aws, docker=False, checked=False)
    (started,) = aws.builds.started
    assert [it["name"] for it in started["environmentVariablesOverride"]] == ["IMAGE_TAG"]


def test_where_docker_does_not_answer_it_is_built_on_aws() -> None:
    aws = world()
    aws.programs.fails["info"] = 1
    image(aws)
    assert aws.builds.started


def test_a_build_of_the_same_source_that_is_under_way_is_joined_and_no_other() -> None:
    aws = world()
    aws.builds.begun(f"artifacts/source/{SOURCE.digest}.zip", SOURCE.tag)
    aws.builds.begun("artifacts/source/another.zip", "source-other")  # the newest
    assert image(aws, docker=False) == f"{URI}@sha256:1"
    assert not aws.builds.started
    assert any("is under way" in it for it in aws.told)


def test_a_build_that_fails_is_told_with_the_last_lines_of_its_log() -> None:
    aws = world()
    aws.builds.ends = "FAILED"
    aws.logs.lines = [f"line {it}\n" for it in range(50)]
    with pytest.raises(TargetError, match=r"shop-staging-build:1 ended with FAILED") as told:
        image(aws, docker=False)
    assert "line 49" in str(told.value)
    assert "line 20" not in str(told.value)
    aws.builds.ends = "SUCCEEDED"  # mended: the next deploy begins another
    assert image(aws, docker=False) == f"{URI}@sha256:1"
    assert len(aws.builds.started) == 2


def test_an_image_without_evenly_is_told_as_such() -> None:
    aws = world()
    aws.builds.ends = "FAILED"
    aws.logs.lines = ["Traceback", "image-without-evenly"]
    with pytest.raises(TargetError, match="Evenly is not in it"):
        image(aws, docker=False)


def test_with_neither_it_says_so() -> None:
    with pytest.raises(StateError, match="neither Docker nor Podman"):
        image(world(), docker=False, places=Places("artifacts", None))


# --- programs of this machine

DOCKER = """#!/bin/sh
printf '%s\\n' "$*" >> {folder}/argv
case "$1" in
  build) for last; do :; done; cp -r "$last" {folder}/context ;;
  login) cat > {folder}/stdin ;;
  push) echo one; echo two >&2; exit 3 ;;
esac
"""


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(DOCKER.format(folder=tmp_path))
    program.chmod(0o755)
    return Programs({"PATH": f"{program.parent}:{os.environ['PATH']}"})


def test_a_program_gets_its_arguments_the_folder_and_the_password(programs: Programs, tmp_path: Path) -> None:
    here = docker.found(programs)
    assert here is not None
    here.build(SOURCE, NAMED)
    assert (tmp_path / "context" / "Dockerfile").read_bytes() == SOURCE.files["Dockerfile"].content
    pushed = here.push(NAMED, Login(REGISTRY, "AWS", Secret(PASSWORD)))
    assert (pushed.code, sorted(pushed.last)) == (3, ["one", "two"])
    assert (tmp_path / "stdin").read_text() == PASSWORD
    argv = (tmp_path / "argv").read_text()
    assert PASSWORD not in argv
    assert [it.split()[0] for it in argv.splitlines()] == ["info", "build", "login", "push", "logout"]
    context = argv.splitlines()[1].split()[-1]
    assert not Path(context).exists()  # nothing is left behind


def test_only_what_is_on_path_is_found(tmp_path: Path) -> None:
    assert docker.found(Programs({"PATH": str(tmp_path)})) is None


def test_a_program_that_ends_without_listening_is_told_by_its_exit_code(tmp_path: Path) -> None:
    program = tmp_path / "deaf"
    program.write_text("#!/bin/sh\nexec 0<&-\necho no\nexit 5\n")
    program.chmod(0o755)
    ran = Programs({"PATH": f"{tmp_path}:{os.environ['PATH']}"}).run(("deaf",), Secret("x" * 200_000))
    assert (ran.code, ran.last) == (5, ("no",))
