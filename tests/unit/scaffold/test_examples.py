"""The examples are what init would have made of their code."""

from pathlib import Path

import pytest

from evenly.manifest import load
from evenly.scaffold.detection import detect, migrations, uses_database
from evenly.scaffold.images import dockerfile
from evenly.scaffold.reading import read
from evenly.scaffold.variables import needed_secrets

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
BESIDE = "RUN DJANGO_SECRET_KEY=only-to-collect /venv/bin/python manage.py collectstatic --no-input\n"


@pytest.mark.parametrize("folder", sorted(it.name for it in EXAMPLES.iterdir() if it.is_dir()))
def test_its_framework_is_found_and_its_image_is_inits(folder: str) -> None:
    files = {name: text for name, text in read(EXAMPLES / folder).items() if name != "Dockerfile"}
    found, said = detect(files), load(EXAMPLES / folder / "evenly.yaml")
    assert (found.serve, found.protocol, found.health) == (
        said.app.serve,
        said.app.protocol,
        said.http.healthcheck.path,
    )
    assert (found.command or ())[:2] == (said.app.command or ())[:2]
    assert uses_database(files) == (said.database is not None)
    assert migrations(files) == (said.database and said.database.migrations)
    assert set(needed_secrets(files)) == set(said.secrets)
    assert (EXAMPLES / folder / "Dockerfile").read_text().replace(BESIDE, "") == dockerfile(found, files)
