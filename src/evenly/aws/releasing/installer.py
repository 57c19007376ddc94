"""Run in an app's image while it is built: makes Evenly known to the image's Python, at the end of its path, unless it
has one. Imports nothing but the standard library; it lies beside `own` (Evenly) and `requirements.txt`.
"""

import importlib.util
import site
import subprocess
import sys
from pathlib import Path

NAME = "evenly"


def main(here: Path) -> int:
    """The exit code of pip, or 0."""
    if importlib.util.find_spec(NAME) is not None:
        return 0
    own, lib = here / "own", here / "lib"
    pip = [sys.executable, "-m", "pip", "install", "--no-cache-dir", "--disable-pip-version-check"]
    ran = subprocess.run([*pip, "--target", str(lib), "-r", str(here / "requirements.txt")], check=False)
    if ran.returncode == 0:
        Path(site.getsitepackages()[0], f"{NAME}.pth").write_text(f"{own}\n{lib}\n", encoding="utf-8")
    return ran.returncode


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent))
