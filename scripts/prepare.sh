#!/bin/sh
# Makes .venv ready to run ("run"), to run with what AWS needs ("aws"), or to test ("test"): at once when its stamp says that it is,
# else by the first Python that starts. The stamp is the checkout's path and all that was installed from.
set -u
cd "$(dirname "$0")/.." || exit 3

as_stamped() {
    pwd -P
    cat "requirements/$1.txt"
    if [ "$1" = test ]; then cat requirements/tools.txt requirements/checkov.txt requirements/observatory/package-lock.json; fi
    cat pyproject.toml
}

if [ -z "${PYTHON:-}" ] && [ -x .venv/bin/python ] && [ -x .venv/bin/evenly ] &&
    as_stamped "$1" | cmp -s - ".venv/ready-$1"; then
    exit 0
fi

if [ -n "${PYTHON:-}" ]; then
    "$PYTHON" -c '' >/dev/null 2>&1 && exec "$PYTHON" scripts/bootstrap.py "$1"
    echo "make: PYTHON=$PYTHON does not start. Give the path of a Python 3.11 or newer." >&2
    exit 3
fi
for python in python3 python3.14 python3.13 python3.12 python3.11 python; do
    "$python" -c '' >/dev/null 2>&1 && exec "$python" scripts/bootstrap.py "$1"
done
echo "make: no Python was found on the PATH. Install Python 3.11 or newer, or name one: make up PYTHON=/path/to/python3" >&2
exit 3
