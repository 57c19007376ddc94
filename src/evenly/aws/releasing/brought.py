"""What is added to the source of an app's own image: Evenly, by which its tasks are started on AWS. Pure, but for
reading Evenly's own package.

The last stage of the Dockerfile gets some lines more. They install what is needed for the image's Python, at the end
of its path: what the app has installed itself, an Evenly of its own among it, comes first.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from evenly.aws.releasing.files import PLAIN, File, own_package, requirements
from evenly.aws.releasing.ignoring import FILE

FOLDER = ".evenly-image"
PLACE = "/opt/evenly"
INSTALLER = Path(__file__).parent / "installer.py"
DOCKERFILE = "Dockerfile"
_STAGE = re.compile(r"^[ \t]*FROM[ \t]", re.IGNORECASE | re.MULTILINE)
_USER = re.compile(r"^[ \t]*USER[ \t]+(\S+)", re.IGNORECASE | re.MULTILINE)


def with_evenly(files: Mapping[str, File]) -> dict[str, File]:
    """The same, with Evenly in a folder of its own, and a Dockerfile that installs it."""
    said = files[DOCKERFILE].content.decode(errors="surrogateescape")
    more = {f"{FOLDER}/own/{path}": it for path, it in own_package().items()}
    more[f"{FOLDER}/requirements.txt"] = File("".join(f"{it}\n" for it in requirements()).encode())
    more[f"{FOLDER}/installer.py"] = File(INSTALLER.read_bytes())
    if FILE in files:  # Docker reads it once more
        more[FILE] = File(files[FILE].content.rstrip(b"\n") + f"\n!{FOLDER}\n".encode(), files[FILE].mode)
    changed = extended(said).encode(errors="surrogateescape")
    return {**files, **more, DOCKERFILE: File(changed, PLAIN)}


def extended(dockerfile: str) -> str:
    """Its text with the lines that install Evenly. Who runs the last stage goes on to; where it does not say, nobody
    else is made to."""
    last = [it.end() for it in _STAGE.finditer(dockerfile)]
    users = _USER.findall(dockerfile, last[-1]) if last else []
    lines = [
        "",
        "# Added by evenly deploy: the tasks on AWS are started by it.",
        *(["USER 0"] if users else []),
        f"COPY {FOLDER} {PLACE}",
        f'RUN ["python", "{PLACE}/installer.py"]',
        *([f"USER {users[-1]}"] if users else []),
        "",
    ]
    return dockerfile.rstrip("\n") + "\n" + "\n".join(lines)
