"""Finds a Python that is new enough and hands over to environment.py. Usage: bootstrap.py run|aws|test

This file is read by any Python from 2.7 on, so that a too old one gets a sentence and not a SyntaxError.
"""

from __future__ import print_function

import os
import subprocess
import sys

OLDEST = (3, 11)
CANDIDATES = ("python3.14", "python3.13", "python3.12", "python3.11")
PROBE = "import sys; sys.exit(sys.version_info < (3, 11))"
HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    if os.name == "nt" or sys.platform in ("cygwin", "msys"):
        refuse(
            "Evenly does not run on Windows.",
            "It runs in WSL 2: `wsl --install`, then clone and `make up` there.",
        )
    if sys.version_info >= OLDEST:
        import environment

        sys.exit(environment.main(sys.argv[1:]))
    hand_over(newer_python())


def newer_python():
    """The path of a Python that is new enough; says so. Does not return where there is none."""
    told = "Python %d.%d (%s) is too old" % (sys.version_info[0], sys.version_info[1], sys.executable)
    if os.environ.get("PYTHON"):
        refuse(
            told + ": Evenly needs Python 3.11 or newer.",
            "Name a newer one: make up PYTHON=/path/to/python3.13",
        )
    for name in CANDIDATES:
        path = on_path(name)
        if path and starts(path):
            print("%s; using %s." % (told, path))
            return path
    refuse(
        told + ", and no newer one is on the PATH: Evenly needs Python 3.11 or newer.",
        "Install one (https://www.python.org/downloads/), or name one: make up PYTHON=/path/to/python3.13",
    )


def on_path(name):
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        path = os.path.join(folder or ".", name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


def starts(path):
    """Whether it runs and is new enough: a version manager's stand-in may be there and do neither."""
    with open(os.devnull, "w") as nowhere:
        return subprocess.call([path, "-c", PROBE], stdout=nowhere, stderr=nowhere) == 0


def hand_over(path):
    sys.stdout.flush()
    os.execv(path, [path, os.path.join(HERE, "bootstrap.py")] + sys.argv[1:])


def refuse(what, try_):
    sys.stderr.write("make: %s\n%s\n" % (what, try_))
    sys.exit(3)


if __name__ == "__main__":
    main()
