"""What an image is built from: files, known by one digest, the same for whoever builds it. Reads the folder of the app,
or Evenly's own package for the reference web service.

The same bytes go to a Docker of this machine and to the build project. Times, owners and the order in which a disk
lists files are no part of it; whether a file can be executed is.
"""

import hashlib
import io
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from evenly.aws.releasing.brought import DOCKERFILE, with_evenly
from evenly.aws.releasing.files import File, own_package, read_file, read_folder, requirements
from evenly.aws.releasing.ignoring import FILE, rules
from evenly.errors import UsageError

OLDEST = (1980, 1, 1, 0, 0, 0)  # a zip has no earlier one
UNIX = 3  # the system of an entry, whose modes they are
DIGITS = 16  # of the digest in the tag
PYTHON = "python:3.13-slim-bookworm"
_REFERENCE = f"""\
FROM {PYTHON} AS build
RUN python -m venv /venv
COPY requirements.txt .
RUN /venv/bin/pip install --no-cache-dir -r requirements.txt

FROM {PYTHON}
RUN useradd --system --uid 10001 app
WORKDIR /app
COPY --from=build /venv /venv
COPY evenly evenly
USER 10001
ENV PATH=/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
HEALTHCHECK NONE
CMD ["python", "-m", "evenly.webapp.server"]
"""


class Source(Struct, frozen=True):
    """`files`: by their paths, a Dockerfile among them. `architecture`: of the processors, in AWS's words."""

    files: Mapping[str, File]
    architecture: str

    @property
    def digest(self) -> str:
        """The sha256 of all of it, in hexadecimal digits."""
        made = hashlib.sha256(f"{self.architecture}\n".encode())
        for path, file in sorted(self.files.items()):
            made.update(f"{path}\0{file.mode:o}\0{hashlib.sha256(file.content).hexdigest()}\n".encode())
        return made.hexdigest()

    @property
    def tag(self) -> str:
        """Of the image that is built from it."""
        return f"source-{self.digest[:DIGITS]}"

    def zipped(self) -> bytes:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, file in sorted(self.files.items()):
                entry = zipfile.ZipInfo(path, OLDEST)
                entry.create_system, entry.compress_type = UNIX, zipfile.ZIP_DEFLATED
                entry.external_attr = (stat.S_IFREG | file.mode) << 16
                archive.writestr(entry, file.content)
        return made.getvalue()

    def written(self, folder: Path) -> Path:
        """The same as files in `folder`, which is empty."""
        for path, file in self.files.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.content)
            place.chmod(file.mode)
        return folder


def source_of(folder: Path, architecture: str, *, is_reference: bool, brings_evenly: bool = False) -> Source:
    """Of the app in `folder`. `is_reference`: it is the reference web service, which needs no Dockerfile.
    `brings_evenly`: Evenly has to be in the image. Raises UsageError where there is nothing to build from."""
    if (folder / DOCKERFILE).is_file():
        files = _of_folder(folder)
        return Source(with_evenly(files) if brings_evenly else files, architecture)
    if is_reference:
        return Source(reference(), architecture)
    raise UsageError(
        "there is no Dockerfile, which the image for AWS is built from.",
        where="app.build",
        try_="evenly init writes one; or name its folder: app.build.",
    )


def _of_folder(folder: Path) -> dict[str, File]:
    ignore = folder / FILE
    said = rules(ignore.read_text(encoding="utf-8") if ignore.is_file() else "")
    found = read_folder(folder, said)
    return {**found, DOCKERFILE: read_file(folder / DOCKERFILE)}  # Docker takes it also where it is left out


def reference() -> dict[str, File]:
    """The files of the reference web service's image: this very Evenly, and what it imports of others."""
    return {
        **own_package(),
        DOCKERFILE: File(_REFERENCE.encode()),
        "requirements.txt": File("".join(f"{it}\n" for it in requirements()).encode()),
    }
