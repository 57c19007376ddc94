"""`.env`: read as people write it, closed to others, and never told of in an error."""

import os
from pathlib import Path

import pytest

from evenly.errors import StateError
from evenly.local.secrets.envfile import read_secrets

VALUE = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def write(file: Path, content: str | bytes, mode: int = 0o600) -> None:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    file.chmod(mode)


def refusal(file: Path, *names: str) -> StateError:
    with pytest.raises(StateError) as caught:
        read_secrets(file, names or ("KEY",))
    assert VALUE not in repr(caught.value) + str(caught.value)
    assert caught.value.where == str(file)
    return caught.value


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("KEY=plain", "plain"),
        ("export KEY=plain", "plain"),
        ("KEY = spaced", "spaced"),
        ('KEY="two words"', "two words"),
        ("KEY='it''s'", None),
        (r"KEY='single \n quotes'", r"single \n quotes"),
        (r'KEY="line\nbreak"', "line\nbreak"),
        ('KEY="over\ntwo lines"', "over\ntwo lines"),
        ("KEY=a#b", "a#b"),
        ("KEY=a # a comment", "a"),
        ("KEY=$(touch /tmp/evaluated)", "$(touch /tmp/evaluated)"),
        ("KEY=${HOME}/x$HOME", "${HOME}/x$HOME"),
        ('KEY="$HOME `id`"', "$HOME `id`"),
        ("KEY=a=b==", "a=b=="),
        ("KEY=ümlaut", "ümlaut"),
    ],
)
def test_values_are_read_and_never_evaluated(file: Path, line: str, value: str | None) -> None:
    write(file, f"# first\n\n{line}\nOTHER=1\n")
    if value is None:
        assert refusal(file).what.startswith("line 3 is not NAME=value")
    else:
        assert read_secrets(file, ("KEY",))["KEY"].reveal() == value


@pytest.mark.parametrize(
    "content", [b"\xef\xbb\xbfKEY=a\r\nOTHER=b\r\n", b"KEY=a\rOTHER=b", b"KEY=a\nOTHER=b"]
)
def test_every_end_of_line_and_a_byte_order_mark_are_read(file: Path, content: bytes) -> None:
    write(file, content)
    found = read_secrets(file, ("KEY", "OTHER"))
    assert [it.reveal() for it in found.values()] == ["a", "b"]


def test_only_what_is_asked_for_is_read(file: Path) -> None:
    write(file, f"KEY=a\nOTHER={VALUE}\n")
    assert list(read_secrets(file, ("KEY",))) == ["KEY"]


def test_without_a_name_no_file_is_needed(file: Path) -> None:
    assert read_secrets(file, ()) == {}


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (0o640, "read by other users"),
        (0o604, "read"),
        (0o620, "written"),
        (0o602, "written"),
        (0o777, "written"),
    ],
)
def test_a_file_that_is_open_to_others_is_refused(file: Path, mode: int, words: str) -> None:
    write(file, f"KEY={VALUE}\n", mode)
    found = refusal(file)
    assert words in found.what
    assert found.try_ == "chmod 600 .env"


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_of_the_user_alone_is_read(file: Path, mode: int) -> None:
    write(file, f"KEY={VALUE}\n", mode)
    assert read_secrets(file, ("KEY",))["KEY"].reveal() == VALUE


def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """Root's, to a user; to root, that of anybody: only root can give a file away."""
    file = tmp_path / ".env" if os.geteuid() == 0 else Path("/etc/passwd")
    if os.geteuid() == 0:
        write(file, f"KEY={VALUE}\n")
        os.chown(file, 65534, 65534)
    assert "another user" in refusal(file).what


def test_a_link_is_refused_wherever_it_leads(file: Path, tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", f"KEY={VALUE}\n")
    file.symlink_to(tmp_path / "elsewhere")
    assert "symbolic link" in refusal(file).what


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_refused_and_never_waited_for(file: Path, make) -> None:  # type: ignore[no-untyped-def]
    make(file)
    file.chmod(0o600)
    assert refusal(file).what


def test_a_missing_file_names_what_belongs_into_it(file: Path) -> None:
    found = refusal(file, "KEY", "OTHER")
    assert "KEY and OTHER" in found.what
    assert "chmod 600 .env" in str(found.try_)


def test_missing_lines_are_named_all_at_once(file: Path) -> None:
    write(file, f"OTHER={VALUE}\n")
    assert "no line for KEY, MORE and LAST" in refusal(file, "KEY", "OTHER", "MORE", "LAST").what


@pytest.mark.parametrize("line", ["KEY=", "KEY", 'KEY=""', "KEY= # later"])
def test_an_empty_value_is_refused(file: Path, line: str) -> None:
    write(file, f"\n{line}\n")
    assert refusal(file).what == "line 2 has no value for KEY"


def test_a_name_that_stands_twice_is_refused_with_its_lines(file: Path) -> None:
    write(file, f"KEY={VALUE}\n\n# again\nKEY=b\n")
    assert refusal(file).what == "KEY stands on lines 1 and 4"


@pytest.mark.parametrize(
    "content", [f"KEY='{VALUE}", f'A="{VALUE}\nKEY=1\n', f"KEY='a' {VALUE}", f"={VALUE}"]
)
def test_a_line_that_is_not_understood_is_told_by_its_number(file: Path, content: str) -> None:
    write(file, content)
    assert refusal(file).what == "line 1 is not NAME=value"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"KEY=\xff\xfe", "UTF-8"),
        (b"KEY=a\0b", "NUL"),
        ("KEY=a".encode("utf-16"), "UTF-8"),
        (b"KEY=" + b"x" * 70_000, "larger than 64 KiB"),
    ],
)
def test_what_no_environment_can_hold_is_refused(file: Path, content: bytes, words: str) -> None:
    write(file, content)
    assert words in refusal(file).what
