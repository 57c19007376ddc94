"""The files that init writes: right by their own readers, and right together."""

import json
import re

import pytest

from evenly.manifest import parse
from evenly.manifest.errorpages import LARGEST_PAGE_BYTES, page_key
from evenly.scaffold.detection import detect
from evenly.scaffold.project import MANIFEST, env_example, ignored, project
from evenly.scaffold.variables import needed_secrets, read_names

PYTHON = {"main.py": "from fastapi import FastAPI\napp = FastAPI()\n", "requirements.txt": "fastapi\n"}
FLASK = {"app.py": "from flask import Flask\napp = Flask(__name__)\n", "requirements.txt": "flask\n"}
NODE = {"package.json": '{"scripts": {"start": "node a.js"}}', "package-lock.json": ""}
PAGES = {"index.html": "<p>"}
INSTRUCTIONS = {"FROM", "WORKDIR", "RUN", "COPY", "USER", "ENV", "EXPOSE", "HEALTHCHECK", "CMD"}


def made(files):
    return project("shop", detect(files), files)


def instructions(text):
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [tuple(line.split(" ", 1)) for line in lines]


@pytest.mark.parametrize("files", [PYTHON, FLASK, NODE, PAGES, {}])
def test_the_manifest_is_valid_and_names_the_pages(files):
    manifest = parse(made(files).files[MANIFEST], MANIFEST)
    assert (manifest.name, manifest.http.error_pages) == ("shop", "pages/")


@pytest.mark.parametrize("files", [PYTHON, FLASK, NODE, PAGES])
def test_a_dockerfile_is_pinned_unprivileged_and_starts_one_program(files):
    steps = instructions(made(files).files["Dockerfile"])
    assert {name for name, _ in steps} <= INSTRUCTIONS
    bases = [said for name, said in steps if name == "FROM"]
    assert all(re.match(r"\w+:\d+[\w.-]*-slim", base) for base in bases)
    last_base = max(number for number, (name, _) in enumerate(steps) if name == "FROM")
    final = [name for name, _ in steps[last_base:]]
    assert final.index("USER") > final.index("COPY")
    assert ("HEALTHCHECK", "NONE") in steps
    assert json.loads(steps[-1][1])


def test_dependencies_are_a_layer_of_their_own():
    python = made(PYTHON).files["Dockerfile"]
    assert python.index("COPY requirements.txt") < python.index("pip install") < python.index("COPY . .")
    node = made(NODE).files["Dockerfile"]
    assert node.index("package-lock.json") < node.index("npm ci") < node.index("COPY . .")


def test_the_server_of_the_app_is_installed_once():
    assert '"granian' in made(PYTHON).files["Dockerfile"]
    assert '"gunicorn' in made(FLASK).files["Dockerfile"]
    listed = FLASK | {"requirements.txt": "flask\ngunicorn\n"}
    assert '"gunicorn>' not in made(listed).files["Dockerfile"]


def test_the_image_has_no_certificate_of_this_machine():
    assert "$TLS_" not in made(FLASK).files["Dockerfile"]


def test_without_a_list_of_dependencies_there_is_no_dockerfile_and_it_says_so():
    only = made({"main.py": PYTHON["main.py"]})
    assert "Dockerfile" not in only.files
    assert "requirements.txt" in only.no_image


def test_files_that_are_served_do_not_hold_the_manifest():
    assert "evenly.yaml" in made(PAGES).files[".dockerignore"].splitlines()


def test_error_pages_are_named_and_sized_as_the_balancer_wants_them():
    pages = {name: text for name, text in made({}).files.items() if name.startswith("pages/")}
    assert {page_key(name.removeprefix("pages/")) for name in pages} == {"404", "4xx", "503", "5xx"}
    for text in pages.values():
        assert len(text.encode()) < LARGEST_PAGE_BYTES
        assert not re.search(r"https?://|<script|url\(|@import", text)


def test_variables_that_the_sources_read_are_listed():
    files = {
        "a.py": "os.environ['STRIPE_KEY']; os.environ.get('LOG_LEVEL'); os.getenv('PGHOST'); os.environ['MODE']",
        "b.js": "process.env.MAIL_TOKEN; process.env['REGION']; process.env.PORT",
    }
    assert read_names(files) == ("LOG_LEVEL", "MAIL_TOKEN", "MODE", "REGION", "STRIPE_KEY")
    assert needed_secrets(files) == ("STRIPE_KEY",)
    assert env_example(read_names(files), ("STRIPE_KEY",)).splitlines()[-1] == "STRIPE_KEY="


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ".evenly/\n.env\n"),
        ("*.pyc", "*.pyc\n.evenly/\n.env\n"),
        (".env\n/.evenly\n", ".env\n/.evenly\n"),
    ],
)
def test_gitignore_gets_what_is_missing(before, after):
    assert ignored(before) == after
