"""What is read of a folder, and what it still has to install."""

import os
import sys

from evenly.scaffold.detection import detect
from evenly.scaffold.installing import missing
from evenly.scaffold.reading import LARGEST_BYTES, read

FLASK = "from flask import Flask\napp = Flask(__name__)\n"


def write(folder, **files):
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_only_what_tells_something_is_read(tmp_path):
    write(tmp_path, app_DOT_py="a", node_modules__x_DOT_js="b", tests__t_DOT_py="c", notes_DOT_md="d")
    write(tmp_path, dist__index_DOT_html="e", dist__bundle_DOT_js="f", pkg__dist__index_DOT_html="g")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "x.py").write_text("h")
    (tmp_path / "large.py").write_bytes(b"#" * (LARGEST_BYTES + 1))
    (tmp_path / "binary.py").write_bytes(b"\xff\xfe")
    (tmp_path / "link.py").symlink_to(__file__)
    os.mkfifo(tmp_path / "pipe.py")
    assert read(tmp_path) == {"app.py": "a", "dist/index.html": "e"}


def test_nothing_of_the_project_is_run(tmp_path):
    write(tmp_path, main_DOT_py="raise SystemExit\nfrom fastapi import FastAPI\napp = FastAPI()\n")
    assert detect(read(tmp_path)).serve == "main:app"
    assert "main" not in sys.modules


def test_requirements_that_are_not_there_are_to_be_installed(tmp_path):
    write(tmp_path, app_DOT_py=FLASK, requirements_DOT_txt="flask\nno-such-package-at-all\n")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "pyvenv.cfg").touch()
    found = detect(read(tmp_path))
    assert missing(tmp_path, found) == (".venv/bin/pip install -r requirements.txt 'gunicorn>=23'",)


def test_what_is_served_may_be_installed_beside_evenly(tmp_path):
    write(tmp_path, requirements_DOT_txt="PyYAML>=6\nclick[x] ; python_version > '3'\n# a comment\n")
    write(tmp_path, main_DOT_py="async def app(scope, receive, send): ...\n")
    assert missing(tmp_path, detect(read(tmp_path))) == ()


def test_node_modules_are_to_be_installed(tmp_path):
    write(tmp_path, package_DOT_json='{"scripts": {"start": "node a.js"}}')
    assert missing(tmp_path, detect(read(tmp_path))) == ("npm install",)
    write(tmp_path, **{"package-lock_DOT_json": "{}"})
    assert missing(tmp_path, detect(read(tmp_path))) == ("npm ci",)
    (tmp_path / "node_modules").mkdir()
    assert missing(tmp_path, detect(read(tmp_path))) == ()
