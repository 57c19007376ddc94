#!/bin/sh
# Stops what runs from this checkout. What was never up needs no .venv to be down.
set -u
cd "$(dirname "$0")/.." || exit 3
if [ ! -d .evenly ]; then
    echo "Nothing runs from this folder."
    exit 0
fi
# Any evenly that starts will do: stopping must not wait for an installation.
.venv/bin/evenly --help >/dev/null 2>&1 || sh scripts/prepare.sh run || exit
exec .venv/bin/evenly down
