"""What an image is built from: which files, known by which digest."""

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from evenly.aws.releasing.brought import FOLDER, extended
from evenly.aws.releasing.files import NEEDED, File, requirements
from evenly.aws.releasing.ignoring import is_left_out, rules
from evenly.aws.releasing.source import Source, reference, source_of
from evenly.errors import UsageError


def project(folder: Path, **files: str) -> Path:
    for name, text in {"Dockerfile": "FROM scratch\n", **files}.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return folder


def of(folder: Path) -> Source:
    return source_of(folder, "X86_64", is_reference=False)


def test_the_same_files_are_the_same_source_wherever_and_whenever_they_were_written(tmp_path: Path) -> None:
    one = project(tmp_path / "one", **{"app.py": "1", "lib/a.py": "2"})
    other = project(tmp_path / "other", **{"lib/a.py": "2", "app.py": "1"})
    os.utime(other / "app.py", (1, 1))
    (other / "app.py").chmod(0o600)
    assert of(one).digest == of(other).digest
    assert of(one).zipped() == of(other).zipped()
    assert of(one).tag == f"source-{of(one).digest[:16]}"


def test_the_order_in_which_a_disk_lists_files_is_no_part_of_it() -> None:
    files = {"a": File(b"1"), "b": File(b"2"), "c": File(b"3")}
    one, other = Source(files, "X86_64"), Source(dict(reversed(files.items())), "X86_64")
    assert (one.digest, one.zipped()) == (other.digest, other.zipped())


def test_another_content_name_right_to_run_or_processor_is_another_source(tmp_path: Path) -> None:
    def digest(**files: str) -> str:
        return of(project(tmp_path / str(len(seen)), **files)).digest

    seen: list[str] = []
    for files in ({"a.py": "1"}, {"a.py": "2"}, {"b.py": "1"}, {"a.py": "", "b.py": "1"}):
        seen.append(digest(**files))
    folder = project(tmp_path / "run", **{"a.py": "1"})
    (folder / "a.py").chmod(0o755)
    seen.append(of(folder).digest)
    seen.append(source_of(folder, "ARM64", is_reference=False).digest)
    assert len(set(seen)) == len(seen)


# https://docs.docker.com/build/concepts/context/#syntax
@pytest.mark.parametrize(
    ("said", "out", "stays"),
    [
        ("*.md", "README.md", "docs/README.md"),
        ("**/*.md", "docs/a/README.md", "README.mdx"),
        ("**/*.md", "README.md", "md"),
        ("docs", "docs/a.txt", "mydocs/a.txt"),
        ("/docs/", "docs/a.txt", "a/docs/a.txt"),
        ("*/temp*", "some/temporary.txt", "some/sub/temporary.txt"),
        ("*/*/temp*", "some/sub/temporary.txt", "some/temporary.txt"),
        ("temp?", "tempa", "temp"),
        ("a[0-9].txt", "a1.txt", "ab.txt"),
        ("a[^0-9].txt", "ab.txt", "a1.txt"),
        ("# note\n\nb.txt", "b.txt", "# note"),
        ("*.md\n!README.md", "OTHER.md", "README.md"),
        ("!README.md\n*.md", "README.md", "a.txt"),
        ("a\\*b", "a*b", "aXb"),
        ("a/**", "a/b/c", "b/a"),
        ("a.b", "a.b", "aXb"),
        ("", ".env", ".environment"),
        ("", "lib/__pycache__/a.pyc", "lib/pycache"),
        ("!.env\n!.evenly", ".evenly/staging/plan.json", "evenly.yaml"),
        ("", ".git/config", ".gitignore"),
    ],
)
def test_dockerignore_is_read_as_docker_reads_it(said: str, out: str, stays: str) -> None:
    assert is_left_out(out, rules(said))
    assert not is_left_out(stays, rules(said))


def test_what_is_left_out_is_no_part_of_it_and_a_dockerfile_always_is(tmp_path: Path) -> None:
    folder = project(
        tmp_path,
        **{
            ".dockerignore": "Dockerfile\nbuild\n!build/keep",
            "app.py": "",
            "build/drop": "",
            "build/keep": "",
            ".env": "PASSWORD=1",
            ".evenly/staging/plan.json": "",
            "lib/__pycache__/x.pyc": "",
        },
    )
    assert sorted(of(folder).files) == [".dockerignore", "Dockerfile", "app.py", "build/keep"]


def test_a_link_to_a_file_becomes_one_and_any_other_is_refused(tmp_path: Path) -> None:
    folder = project(tmp_path / "app", **{"a.txt": "1"})
    (folder / "b.txt").symlink_to("a.txt")
    assert of(folder).files["b.txt"] == File(b"1")
    (tmp_path / "secret").write_text("s")
    (folder / "out").symlink_to(tmp_path / "secret")
    with pytest.raises(UsageError, match="out of the app's folder"):
        of(folder)
    (folder / ".dockerignore").write_text("out")
    assert "out" not in of(folder).files
    (folder / "folder").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="it is a link to a folder"):
        of(folder)


def test_the_zip_and_the_folder_hold_the_same(tmp_path: Path) -> None:
    source = Source({"Dockerfile": File(b"FROM x"), "bin/run": File(b"#!", 0o755)}, "X86_64")
    folder = source.written(tmp_path)
    with zipfile.ZipFile(io.BytesIO(source.zipped())) as archive:
        held = {it.filename: (archive.read(it), it.external_attr >> 16 & 0o777) for it in archive.infolist()}
    assert held == {
        path: ((folder / path).read_bytes(), (folder / path).stat().st_mode & 0o777) for path in source.files
    }


def test_without_a_dockerfile_there_is_nothing_but_the_reference_service(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no Dockerfile"):
        of(tmp_path)
    made = source_of(tmp_path, "X86_64", is_reference=True)
    assert {"Dockerfile", "requirements.txt", "evenly/webapp/server.py"} <= made.files.keys()
    assert not any("__pycache__" in it for it in made.files)
    assert made.digest == source_of(tmp_path, "X86_64", is_reference=True).digest


def test_the_reference_service_is_installed_with_what_it_needs_as_evenly_asks_for_it() -> None:
    assert [it.split("=")[0].split("<")[0].split(">")[0] for it in requirements()] == list(NEEDED)
    assert reference()["requirements.txt"].content.decode().splitlines() == requirements()


IMPORTS = """
import sys
from importlib.abc import MetaPathFinder

ALLOWED = set({allowed!r}) | set(sys.stdlib_module_names)

class Refused(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if path is None and name not in ALLOWED:
            raise ImportError(name + " is not in the image")

sys.meta_path.insert(0, Refused())
import evenly.aws.launching, evenly.aws.migrating, evenly.aws.selfsigned, evenly.database.apply
import evenly.webapp.server, evenly.webapp.service, evenly.webapp.secretsmanager
"""
# What those bring along.
BROUGHT = {
    *("_cffi_backend", "async_timeout", "certifi", "cffi", "chardet", "charset_normalizer", "google", "idna"),
    *("importlib_metadata", "pycparser", "requests", "typing_extensions", "urllib3", "zipp"),
}


def test_nothing_that_the_reference_image_runs_imports_anything_else() -> None:
    own = {it.replace("-", "_") for it in NEEDED if not it.startswith("opentelemetry")}
    allowed = {*own, *BROUGHT, "opentelemetry", "evenly"}
    ran = subprocess.run(
        [sys.executable, "-c", IMPORTS.format(allowed=sorted(allowed))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


# --- Evenly in an app's own image


def test_an_app_that_is_started_by_evenly_gets_it_and_any_other_does_not(tmp_path: Path) -> None:
    folder = project(tmp_path, **{".dockerignore": "*\n!app.py\n", "app.py": ""})
    plain = source_of(folder, "X86_64", is_reference=False, brings_evenly=False)
    assert sorted(plain.files) == ["Dockerfile", "app.py"]
    made = source_of(folder, "X86_64", is_reference=False, brings_evenly=True)
    assert f"{FOLDER}/own/evenly/aws/launching.py" in made.files
    assert made.digest != plain.digest
    (folder / ".dockerignore").write_text("*.md\n")
    made = source_of(folder, "X86_64", is_reference=False, brings_evenly=True)
    assert made.files[".dockerignore"].content == f"*.md\n!{FOLDER}\n".encode()


@pytest.mark.parametrize(
    ("said", "root", "user"),
    [
        ("FROM a AS b\nUSER 5\nFROM c\nUSER 7\nCMD x", True, "USER 7"),
        ("FROM a\nUSER 5\nuser app:app\n", True, "USER app:app"),
        ("FROM a AS b\nUSER 5\nFROM c\nCMD x\n", False, None),
    ],
)
def test_the_last_stage_is_run_by_whom_it_was_run_by_before(said: str, root: bool, user: str | None) -> None:
    lines = extended(said).splitlines()
    added = lines[len(said.splitlines()) :]
    assert lines[: len(said.splitlines())] == said.splitlines()
    assert ("USER 0" in added) == root
    assert f"COPY {FOLDER} /opt/evenly" in added
    assert [it for it in added if it.startswith("USER") and it != "USER 0"] == ([user] if user else [])
    assert not root or added[-1] == user


def test_the_installer_makes_evenly_known_behind_what_is_there(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    place = tmp_path / "opt"
    made = source_of(project(tmp_path / "app"), "X86_64", is_reference=False, brings_evenly=True)
    made.written(tmp_path / "context")
    (tmp_path / "context" / FOLDER).rename(place)
    (place / "lib").mkdir()
    (place / "requirements.txt").write_text("")  # nothing is fetched in a test
    environment = {"PATH": os.environ["PATH"]}
    for _ in range(2):  # the second time it is there, and left alone
        subprocess.run([python, place / "installer.py"], check=True, env=environment)
    told = "import evenly.errors, sys; print(evenly.errors.__file__); print(sys.path[-2:])"
    ran = subprocess.run([python, "-c", told], check=True, capture_output=True, text=True, env=environment)
    assert ran.stdout.splitlines() == [
        str(place / "own" / "evenly" / "errors.py"),
        str([str(place / "own"), str(place / "lib")]),
    ]
