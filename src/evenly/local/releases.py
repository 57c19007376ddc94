"""Releases as immutable folders: the app's files and its configuration, copied once and never changed.

    releases/1/release.json     number, when, by whom, digest, the manifest
    releases/1/app/             the app's files, so that an instance that is replaced runs what the others run
    releases/1/migrations/      the numbered SQL files
    releases/1/error_pages/     the user's error pages
    releases/1/secrets.json     the secrets it was made with, 0600 (`kept_secrets`)

What belongs to the machine and not to the app (.venv, node_modules) is linked, not copied.
"""

import contextlib
import getpass
import hashlib
import importlib.util
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from evenly import __version__
from evenly.core.secret import Secret
from evenly.errors import StateError, UsageError
from evenly.local import state
from evenly.local.elsewhere import ROOTS_FILE, roots_source
from evenly.local.errorpages import FOLDER as ERROR_PAGES
from evenly.local.errorpages import page_files
from evenly.local.paths import Paths
from evenly.local.secrets import kept
from evenly.local.settings import RELEASE_VERSION, Release, timestamp_now
from evenly.manifest.types import REFERENCE_APP, Manifest

LINKED = (".venv", "venv", "node_modules")
LEFT_OUT = (
    *LINKED,  # without a slash at the end: each may be a link itself
    ".git/",
    ".evenly/",
    "__pycache__/",
    "*.pyc",
    ".mypy_cache/",
    ".pytest_cache/",
    ".ruff_cache/",
)
SECRET_FILES = (".env", ".env.*", ".envrc", "!.env.example")
LARGEST_BYTES = 512 * 1024 * 1024


def numbers(paths: Paths) -> tuple[int, ...]:
    """The releases there are, in order. One that was cut off while it was made is not among them."""
    if not paths.releases.is_dir():
        return ()
    return tuple(
        sorted(int(it.name) for it in paths.releases.iterdir() if it.name.isdigit() and it.name != "0")
    )


def ensure(paths: Paths, manifest: Manifest, running: int | None = None) -> Release:
    """The release that `manifest`, the app's files and the secrets make up: the `running` one or the last one, if it is
    that, else a new one. Raises UsageError when the app's files can't be copied, StateError for what is wrong with
    `.env`."""
    secrets = kept.said(paths.project, manifest)
    mark = kept.fingerprint(secrets, kept.make_key(paths)) if secrets else b""
    with _reading():
        sources = _sources(paths.project, manifest, secrets)
        digest = _digest(manifest, sources, mark)
    if same := _same(paths, running, digest):
        return same
    release = Release(
        number=_newest(paths) + 1,
        created_at=timestamp_now(),
        created_by=user(),
        digest=digest,
        manifest=manifest,
    )
    _make(paths, release, sources, secrets)
    return release


def next_number(paths: Paths, manifest: Manifest, running: int | None = None) -> tuple[int, bool]:
    """Which release `ensure` would give, and whether it would make it. Changes nothing."""
    secrets = kept.said(paths.project, manifest)
    key = kept.read_key(paths) or b"none yet: no release can have this digest"
    with _reading():
        sources = _sources(paths.project, manifest, secrets)
        digest = _digest(manifest, sources, kept.fingerprint(secrets, key))
    if same := _same(paths, running, digest):
        return same.number, False
    return _newest(paths) + 1, True


def release_secrets(paths: Paths, release: Release) -> dict[str, Secret]:
    """The secrets that the release was made with. Raises StateError when they are gone."""
    return kept.kept(paths.releases / str(release.number), release.manifest)


def app_folder(paths: Paths, release: Release) -> Path:
    """Where the release's instances run: a copy of the app, or the release's own folder without one."""
    folder = paths.releases / str(release.number)
    copied = folder / "app"
    return copied if copied.is_dir() else folder


def migrations_folder(paths: Paths, release: Release) -> Path | None:
    """The release's SQL files; the reference web service's own when it is what runs; else `None`."""
    copied = paths.releases / str(release.number) / "migrations"
    if copied.is_dir():
        return copied
    return _reference_migrations() if _is_reference(release.manifest) else None


def same_migrations(paths: Paths, one: Release, other: Release) -> bool:
    """Whether they bring the same SQL files, so that the second has none to apply after the first."""
    return _migrations(paths, one) == _migrations(paths, other)


def migrations_source(project: Path, manifest: Manifest) -> Path | None:
    """Where a release of `manifest` would take its SQL files from; `None` for none."""
    if manifest.database and manifest.database.migrations:
        return project / manifest.database.migrations
    return _reference_migrations() if _is_reference(manifest) else None


def forget(paths: Paths, number: int) -> None:
    """Remove a release. Its description goes first: what is half there is none."""
    folder = paths.releases / str(number)
    (folder / "release.json").unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def user() -> str:
    """Who makes the release; in a container a user may have a number and no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def find(paths: Paths, number: int) -> Release | None:
    """The release, or `None` where its description was lost."""
    return state.read(paths.releases / str(number) / "release.json", Release, RELEASE_VERSION)


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    """Raises UsageError for a file of the release that can't be read."""
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"this file can't be read ({error.strerror})",
            where=str(error.filename),
            try_="Make it readable, or leave it out with a .dockerignore file beside the app.",
        ) from error


def _migrations(paths: Paths, release: Release) -> dict[str, bytes]:
    folder = migrations_folder(paths, release)
    return {file.name: file.read_bytes() for file in folder.glob("*.sql")} if folder else {}


def _newest(paths: Paths) -> int:
    return max(numbers(paths), default=0)


def _same(paths: Paths, running: int | None, digest: str) -> Release | None:
    """The running release or the newest one, if it has that digest and is whole."""
    known = (find(paths, number) for number in dict.fromkeys((running, _newest(paths))) if number)
    return next((it for it in known if it and _is(paths, it, digest)), None)


def _is(paths: Paths, release: Release, digest: str) -> bool:
    """Whether the release is the one of that digest, and whole."""
    folder = paths.releases / str(release.number)
    return release.digest == digest and kept.are_kept(folder, release.manifest)


def _is_reference(manifest: Manifest) -> bool:
    return manifest.app.serve == REFERENCE_APP and manifest.app.command is None


def _reference_migrations() -> Path:
    found = importlib.util.find_spec("evenly.webapp")
    if found is None or not found.submodule_search_locations:
        raise StateError("the reference web service is not installed", try_="Install evenly again.")
    return Path(found.submodule_search_locations[0]) / "migrations"


def _sources(project: Path, manifest: Manifest, secrets: Mapping[str, Secret]) -> dict[str, Path]:
    """The release's files: path inside the release -> file."""
    files: dict[str, Path] = {}
    if not _is_reference(manifest) or manifest.workers or manifest.jobs:
        build = project / manifest.app.build
        files |= {f"app/{name}": file for name, file in _app_files(build)}
    if manifest.database and manifest.database.migrations:
        folder = project / manifest.database.migrations
        files |= {f"migrations/{file.name}": file for file in sorted(folder.glob("*.sql"))}
    if manifest.http.error_pages:
        pages = page_files(project / manifest.http.error_pages)
        files |= {f"{ERROR_PAGES}/{file.name}": file.resolve() for file in pages.values()}
    if roots := roots_source(project, manifest, secrets):
        files[ROOTS_FILE] = roots
    _refuse_too_large(files)
    return files


def _app_files(build: Path) -> Iterator[tuple[str, Path]]:
    import pathspec

    if not build.is_dir():
        raise UsageError(
            "app.build: there is no such folder", where=str(build), try_="Name the app's folder."
        )
    ignore = build / ".dockerignore"
    said = ignore.read_text(encoding="utf-8", errors="replace").splitlines() if ignore.is_file() else []
    spec = pathspec.GitIgnoreSpec.from_lines([*said, *LEFT_OUT])
    secret = pathspec.GitIgnoreSpec.from_lines(SECRET_FILES)
    for name in sorted(spec.match_tree_files(build, negate=True, follow_links=False)):
        if not secret.match_file(name):
            yield name, build / name


def _refuse_too_large(files: dict[str, Path]) -> None:
    total = sum(file.lstat().st_size for file in files.values())
    if total > LARGEST_BYTES:
        raise UsageError(
            f"app.build: the app's files add up to {total // 1024**2} MiB, and a release takes at most "
            f"{LARGEST_BYTES // 1024**2} MiB",
            try_="Leave out what the app does not need, with a .dockerignore file beside it.",
        )


def _digest(manifest: Manifest, sources: dict[str, Path], secrets: bytes) -> str:
    seen = hashlib.sha256(msgspec.json.encode(manifest, order="sorted") + __version__.encode() + secrets)
    for name, file in sorted(sources.items()):
        content = str(file.readlink()).encode() if file.is_symlink() else file.read_bytes()
        seen.update(f"\0{name}\0{len(content)}\0".encode() + content)
    return f"sha256:{seen.hexdigest()}"


def _make(paths: Paths, release: Release, sources: dict[str, Path], secrets: Mapping[str, Secret]) -> None:
    """Copy beside, then rename: a release is there whole or not at all. Raises OSError."""
    beside = paths.releases / ".making"
    shutil.rmtree(beside, ignore_errors=True)
    try:
        _fill(beside, paths, release, sources, secrets)
        beside.rename(paths.releases / str(release.number))
    except OSError:  # a full disk, say, which is not to stay full of this
        shutil.rmtree(beside, ignore_errors=True)
        raise


def _fill(
    beside: Path,
    paths: Paths,
    release: Release,
    sources: dict[str, Path],
    secrets: Mapping[str, Secret],
) -> None:
    for name, file in sources.items():
        target = beside / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target, follow_symlinks=False)
        if not target.is_symlink():
            target.chmod(target.stat().st_mode & ~0o222)
    beside.mkdir(exist_ok=True)
    kept.keep(beside, secrets)
    _link_environments((paths.project / release.manifest.app.build, paths.project), beside / "app")
    state.write(beside / "release.json", release, RELEASE_VERSION, mode=0o400)


def _link_environments(places: tuple[Path, ...], app: Path) -> None:
    """Those of the app's folder, else those of the project's."""
    if app.is_dir():
        for name in LINKED:
            if found := next((it / name for it in places if (it / name).exists()), None):
                (app / name).symlink_to(found.resolve())
