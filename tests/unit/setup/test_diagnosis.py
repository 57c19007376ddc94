"""Each way the set-up can fail has its own sentence."""

import errno
from pathlib import Path

import pytest

LOG = Path("/clone/build/setup.log")


@pytest.mark.parametrize(
    ("machine", "words"),
    [
        (("linux", "x86_64", "2.31", ""), None),
        (("linux", "aarch64", "2.40", ""), None),
        (("darwin", "arm64", "", "15.0"), None),
        (("darwin", "arm64", "", "26.1"), None),
        (("linux", "armv7l", "2.36", ""), "Linux armv7l"),
        (("linux", "x86_64", "", ""), "without glibc (Alpine)"),
        (("linux", "x86_64", "2.28", ""), "glibc 2.28 is too old"),
        (("darwin", "x86_64", "", "15.1"), "macOS x86_64"),
        (("darwin", "arm64", "", "14.7"), "macOS 14.7 is too old"),
        (("freebsd14", "x86_64", "", ""), "does not run on freebsd14"),
    ],
)
def test_a_machine_without_a_wheel_is_named(diagnosis, machine, words):
    problem = diagnosis.platform_problem(*machine)
    assert problem is None if words is None else words in problem


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (
            "ERROR: Could not find a version that satisfies the requirement asyncpg==0.32.0\n"
            "ERROR: No matching distribution found for asyncpg==0.32.0",
            "There is no wheel of asyncpg==0.32.0 for Python 3.",
        ),
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError('<conn>: Failed to "
            "establish a new connection: [Errno -3] Temporary failure in name resolution')'\n"
            "ERROR: No matching distribution found for asyncpg==0.32.0",
            "The package index could not be reached.",
        ),
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have ...\n"
            "    click==8.5.1 from https://example.org/click.whl (from -r run.txt (line 3)):\n"
            "        Expected sha256 aa\n             Got        bb",
            "click==8.5.1 came with other contents",
        ),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "The disk of /clone/build is too full",
        ),
        ("something new\n[notice] A new release of pip is available", "The installation failed."),
    ],
)
def test_what_pip_says_becomes_a_sentence_that_names_the_log(diagnosis, log, words):
    error = diagnosis.explain(log, LOG)
    assert words in error.what
    assert str(LOG) in error.what + error.try_


def test_an_unknown_failure_shows_the_last_line(diagnosis):
    assert diagnosis.explain("one\ntwo\n\n[notice] update pip\n", LOG).try_.endswith("Its last line: two")
    assert diagnosis.explain("", LOG).try_.endswith("(nothing)")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "cannot be written to"),
        (errno.EROFS, "cannot be written to"),
        (errno.ENOSPC, "is too full"),
    ],
)
def test_a_folder_that_refuses_is_named(diagnosis, number, words):
    error = diagnosis.not_writable(Path("/clone"), OSError(number, "the reason"))
    assert "/clone" in error.what
    assert words in error.what
    assert "the reason" in error.what


def test_a_disk_with_too_little_room_is_found_before_the_installation(diagnosis, tmp_path):
    diagnosis.check_space(tmp_path, 1)
    with pytest.raises(diagnosis.SetupError, match=r"MB are free, .* MB are needed"):
        diagnosis.check_space(tmp_path, 10**18)
