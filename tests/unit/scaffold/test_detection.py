"""What runs in a folder, told by its files alone."""

import json

import pytest

from evenly.manifest.types import REFERENCE_APP
from evenly.scaffold.detection import detect, health_path, migrations, uses_database
from evenly.scaffold.found import Runtime

FASTAPI = "from fastapi import FastAPI\napp = FastAPI()\n"
FLASK = "from flask import Flask\napp = Flask(__name__)\n"
DJANGO = {
    "manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n",
    "shop/__init__.py": "",
    "shop/asgi.py": "from django.core.asgi import get_asgi_application\napplication = get_asgi_application()\n",
    "shop/wsgi.py": "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n",
}


@pytest.mark.parametrize(
    ("files", "what", "serve"),
    [
        ({"main.py": FASTAPI}, "FastAPI", "main:app"),
        ({"main.py": "import fastapi\nsite: fastapi.FastAPI = fastapi.FastAPI()\n"}, "FastAPI", "main:site"),
        ({"main.py": "from fastapi import FastAPI as F\napi = F(title='x')\n"}, "FastAPI", "main:api"),
        ({"shop/main.py": FASTAPI, "shop/__init__.py": ""}, "FastAPI", "shop.main:app"),
        ({"shop/__init__.py": FASTAPI}, "FastAPI", "shop:app"),
        ({"app/main.py": FASTAPI, "requirements.txt": ""}, "FastAPI", "app.main:app"),
        ({"s.py": "from starlette.applications import Starlette\napp = Starlette()"}, "Starlette", "s:app"),
        ({"s.py": "from litestar import Litestar\napp = Litestar([])"}, "Litestar", "s:app"),
        ({"s.py": "from quart import Quart\napp = Quart(__name__)"}, "Quart", "s:app"),
        ({"s.py": "async def serve(scope, receive, send):\n    pass\n"}, "an ASGI application", "s:serve"),
        (DJANGO, "Django", "shop.asgi:application"),
        (
            {"s.py": "from fastapi import FastAPI\ndef create_app():\n    app = FastAPI()\n    return app\n"},
            "FastAPI",
            "s:create_app",
        ),
    ],
)  # fmt: skip
def test_asgi_applications_are_named_as_python_imports_them(files, what, serve):
    found = detect(files)
    assert (found.what, found.serve, found.command, found.runtime) == (what, serve, None, Runtime.PYTHON)


@pytest.mark.parametrize(
    ("files", "first", "build"),
    [
        ({"wsgi.py": FLASK}, "wsgi:app", "."),
        ({"shop.py": "import flask\ndef create_app():\n    return flask.Flask('x')\n"}, "shop:create_app()", "."),
        ({name: text for name, text in DJANGO.items() if "asgi" not in name}, "shop.wsgi:application", "."),
        ({"backend/app.py": FLASK, "backend/requirements.txt": "flask"}, "app:app", "backend"),
    ],
)  # fmt: skip
def test_wsgi_applications_get_gunicorn_with_mutual_tls(files, first, build):
    found = detect(files)
    assert found.command is not None
    assert (found.command[:2], found.build, found.protocol) == (("gunicorn", first), build, "https")
    assert {"--cert-reqs=2", "--ca-certs=$TLS_CLIENT_CA"} <= set(found.command)


def test_a_project_in_a_folder_is_built_from_there():
    nested = {f"backend/{name}": text for name, text in DJANGO.items()}
    found = detect(nested)
    assert (found.build, found.serve) == ("backend", "shop.asgi:application")
    found = detect({"src/shop/__init__.py": "", "src/shop/main.py": FASTAPI, "pyproject.toml": "[project]"})
    assert (found.build, found.serve) == ("src", "shop.main:app")


def test_the_likeliest_of_several_is_taken_and_the_others_told():
    found = detect({"admin/panel.py": FASTAPI, "main.py": FASTAPI, "zz.py": FASTAPI})
    assert (found.serve, found.others) == ("main:app", ("zz:app", "admin.panel:app"))


def test_a_mounted_application_is_a_part_of_another():
    text = "from fastapi import FastAPI\nadmin = FastAPI()\nroot = FastAPI()\nroot.mount('/admin', admin)\n"
    assert detect({"main.py": text}).serve == "main:root"


def test_what_only_looks_like_python_is_passed_over():
    broken = {"bad.py": "def (", "nul.py": "a\0b", "deep.py": "(" * 5000, "test_app.py": FASTAPI}
    assert detect(broken).serve == REFERENCE_APP


def test_a_framework_of_the_same_name_is_not_taken_for_it():
    assert detect({"main.py": "from mine import FastAPI\napp = FastAPI()\n"}).serve == REFERENCE_APP


@pytest.mark.parametrize(
    ("package", "files", "command"),
    [
        ({"scripts": {"start": "node server.js"}}, {}, ("node", "server.js")),
        ({"scripts": {"start": "NODE_ENV=production node a.js"}}, {}, ("npm", "start")),
        ({"scripts": {"start": "next start | tee log"}}, {}, ("npm", "start")),
        ({"main": "./lib/a.js"}, {"lib/a.js": ""}, ("node", "./lib/a.js")),
        ({}, {"index.js": ""}, ("node", "index.js")),
    ],
)  # fmt: skip
def test_node_programs_are_started_as_package_json_says(package, files, command):
    found = detect({"package.json": json.dumps(package), **files})
    assert (found.command, found.runtime, found.protocol) == (command, Runtime.NODE, "http")


def test_node_speaks_tls_where_its_sources_say_so():
    package = json.dumps({"dependencies": {"express": "5"}, "scripts": {"start": "node a.js"}})
    secure = detect({"package.json": package, "a.js": "process.env.TLS_CERTIFICATE; env.HOST; env.PORT"})
    assert (secure.what, secure.protocol, secure.notes) == ("Express", "https", ())
    plain = detect({"package.json": package, "a.js": "app.listen(3000)"})
    assert plain.protocol == "http"
    assert "do not mention HOST and PORT" in plain.notes[0]


@pytest.mark.parametrize("text", ["{", "[]", '"x"', '{"scripts": 3}', '{"dependencies": []}'])
def test_a_package_json_that_starts_nothing_is_passed_over(text):
    assert detect({"package.json": text}).serve == REFERENCE_APP


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"Procfile": "worker: x\nweb: ./serve --port $PORT\n"}, ("./serve", "--port", "$PORT")),
        ({"Procfile": "web: A=1 ./serve && b"}, ("sh", "-c", "A=1 ./serve && b")),
        ({"Dockerfile": 'FROM a\nCMD ["old"]\ncmd [ "run", "-p", \\\n "1" ]\n'}, ("run", "-p", "1")),
        ({"Dockerfile": "FROM a\nCMD run ${PORT:-80}\n"}, ("sh", "-c", "run ${PORT:-80}")),
    ],
)  # fmt: skip
def test_a_procfile_or_a_dockerfile_says_how_it_starts(files, command):
    found = detect(files)
    assert (found.command, found.protocol) == (command, "http")


def test_a_folder_of_pages_is_served_by_a_plain_program():
    found = detect({"public/index.html": "<p>"})
    assert found.command is not None
    assert (found.command[-1], found.protocol, found.health) == ("public", "http", "/")


def test_a_copilot_manifest_is_mentioned_and_not_taken_over():
    found = detect({"main.py": FASTAPI, "copilot/api/manifest.yml": "name: api\ncount: 2\n"})
    assert found.serve == "main:app"
    assert "nothing was taken over" in found.notes[-1]


def test_an_empty_folder_gets_the_reference_web_service():
    assert (detect({}).serve, detect({}).runtime) == (REFERENCE_APP, Runtime.NONE)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('@app.get("/healthz")', "/healthz"),
        ("path('healthz', view)", "/healthz"),
        ('path("health/", view)', "/health/"),
        ('@app.get("/up")\n@app.get("/health")', "/health"),
        ('direction = "up"; {"health": 1}', "/"),
    ],
)  # fmt: skip
def test_the_health_path_is_one_that_the_sources_mention(text, path):
    assert health_path({"main.py": text}) == path


def test_a_database_is_there_where_something_speaks_of_one():
    assert uses_database({"requirements.txt": "psycopg[binary]"})
    assert uses_database({"a.js": 'import pg from "pg"'})
    assert not uses_database({"main.py": FASTAPI, "index.html": "postgres"})


def test_numbered_sql_files_are_migrations():
    assert migrations({"db/0001_first.sql": "", "db/0002_next.sql": ""}) == "db/"
    assert migrations({"dump.sql": "", "0001_at_the_top.sql": ""}) is None
