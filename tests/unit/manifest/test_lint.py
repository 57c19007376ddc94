"""What lint finds in a manifest and the folder around it."""

import sys
from pathlib import Path

import pytest

from evenly.manifest import parse
from evenly.manifest.lint import Finding, Severity, lint
from evenly.manifest.linting.aws import aws_findings
from evenly.manifest.types import App, Cooldown, Count, Database, Http, Job, Manifest, Seconds, Worker

SHOP = App(serve="shop.main:app")


def told(manifest: Manifest, folder: Path) -> list[str]:
    return [
        f"{each.severity}: {each.path}: {each.what} {each.try_}" for each in lint(manifest, folder, "/bin")
    ]


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_default_manifest_is_clean_in_an_empty_folder(tmp_path: Path) -> None:
    assert lint(Manifest(name="shop"), tmp_path) == ()


def test_an_app_is_found_where_it_is(tmp_path: Path) -> None:
    write(tmp_path / "shop" / "main.py")
    assert told(Manifest(name="shop", app=SHOP), tmp_path) == []


def test_an_app_that_is_not_there(tmp_path: Path) -> None:
    assert told(Manifest(name="shop", app=SHOP), tmp_path) == [
        "error: app.serve: the module shop.main is not in the folder .. "
        "Write module.path:attribute as Python imports it from that folder."
    ]


def test_an_app_in_src_is_pointed_at(tmp_path: Path) -> None:
    write(tmp_path / "src" / "shop" / "main.py")
    (found,) = lint(Manifest(name="shop", app=SHOP), tmp_path)
    assert found.try_ == "It is in src: write app.build: src."
    assert lint(Manifest(name="shop", app=App(serve="shop.main:app", build="src")), tmp_path) == ()


def test_a_module_missing_from_a_package_that_is_there(tmp_path: Path) -> None:
    write(tmp_path / "json" / "__init__.py")  # a name that is installed too
    (found,) = lint(Manifest(name="shop", app=App(serve="json.main:app")), tmp_path)
    assert found.path == "app.serve"


def test_looking_for_an_app_imports_nothing(tmp_path: Path) -> None:
    write(tmp_path / "shop" / "__init__.py", "raise SystemExit")
    assert told(Manifest(name="shop", app=SHOP), tmp_path)
    assert "shop" not in sys.modules


@pytest.mark.parametrize("serve", ["__main__:app", "email.nowhere:app"])
def test_installed_packages_are_trusted(serve: str, tmp_path: Path) -> None:
    found = lint(Manifest(name="shop", app=App(serve=serve)), tmp_path)
    assert [each.path for each in found] == (["app.serve"] if serve.startswith("__main__") else [])


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    manifest = Manifest(name="shop", app=App(serve=None, command=("serve-shop", "now")))
    assert told(manifest, tmp_path) == [
        "error: app.command: the program serve-shop is neither on the PATH nor in .venv/bin or node_modules/.bin "
        "of the project. Install it, or name its place: ./serve-shop."
    ]


def test_programs_of_workers_and_jobs_that_are_not_there(tmp_path: Path) -> None:
    manifest = Manifest(
        name="shop",
        workers={"mailer": Worker(command=("send-mail",)), "clerk": Worker(command=("sh",))},
        jobs={"tidy": Job(command=("bin/tidy",), schedule="0 * * * *")},
    )
    assert [(it.path, it.severity) for it in lint(manifest, tmp_path)] == [
        ("workers.mailer.command", Severity.ERROR),
        ("jobs.tidy.command", Severity.ERROR),
    ]


def test_variables_of_workers_and_jobs_are_no_place_for_secrets(tmp_path: Path) -> None:
    variables = {"API_TOKEN": "hunter2"}
    manifest = Manifest(
        name="shop",
        workers={"mailer": Worker(command=("sh",), variables=variables)},
        jobs={"tidy": Job(command=("sh",), schedule="0 * * * *", variables=variables)},
    )
    assert [it.path for it in lint(manifest, tmp_path)] == [
        "workers.mailer.variables.API_TOKEN",
        "jobs.tidy.variables.API_TOKEN",
    ]


def program(path: Path) -> None:
    write(path, "#!/bin/sh\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (".venv/bin/serve-shop", "serve-shop"),
        ("node_modules/.bin/serve-shop", "serve-shop"),
        ("bin/serve-shop", "bin/serve-shop"),
    ],
)
def test_a_program_of_the_project_is_found(place: str, name: str, tmp_path: Path) -> None:
    program(tmp_path / place)
    assert told(Manifest(name="shop", app=App(serve=None, command=(name,))), tmp_path) == []


@pytest.mark.parametrize("name", ["sh", "/bin/sh", "$SHELL"])
def test_a_program_of_the_machine_is_found(name: str, tmp_path: Path) -> None:
    assert told(Manifest(name="shop", app=App(serve=None, command=(name,))), tmp_path) == []


def test_a_build_folder_has_to_be_a_folder_of_the_project(tmp_path: Path) -> None:
    project = tmp_path / "project"
    write(project / "Dockerfile")
    write(tmp_path / "elsewhere" / "shop.py")
    (project / "link").symlink_to(tmp_path / "elsewhere")
    said = [
        told(Manifest(name="shop", app=App(build=build)), project) for build in ("web", "Dockerfile", "link")
    ]
    assert said == [
        ["error: app.build: the folder web does not exist. Make it, or name another."],
        ["error: app.build: Dockerfile is a file, not a folder. Name the folder that it is in."],
        ["error: app.build: the folder link leads out of the project. Name a folder inside it."],
    ]


MIGRATED = Manifest(name="shop", database=Database(migrations="db/"))


def test_migrations_have_to_be_there(tmp_path: Path) -> None:
    missing = "error: database.migrations: the folder db/ does not exist. Make it, or name another."
    assert told(MIGRATED, tmp_path) == [missing]
    write(tmp_path / "db" / "README.md")
    empty = "warning: database.migrations: there is no .sql file in db/. Begin with 0001_first.sql."
    assert told(MIGRATED, tmp_path) == [empty]


def test_migrations_have_numbers_and_names(tmp_path: Path) -> None:
    for name in ("0001_first.sql", "4_short.sql", "0003_gap.sql", "0003_twice.sql", "0005_.sql", "notes.txt"):
        write(tmp_path / "db" / name)
    advice = "Name it by a number and a name, such as 0002_add_users.sql."
    assert told(MIGRATED, tmp_path) == [
        "error: database.migrations: 0003_gap.sql and 0003_twice.sql have one number. "
        "Give the later one the next free number.",
        f"error: database.migrations: 0005_.sql is not named as a migration. {advice}",
    ]


def test_secrets_are_warned_of_without_being_told(tmp_path: Path) -> None:
    variables = {"API_TOKEN": "hunter2", "QUEUE": "amqp://app:hunter2@queue/", "LOG_LEVEL": "info"}
    said = told(Manifest(name="shop", variables=variables), tmp_path)
    assert [line.split(":")[1].strip() for line in said] == ["variables.API_TOKEN", "variables.QUEUE"]
    assert "hunter2" not in "".join(said)


def test_a_zone_that_would_stay_empty(tmp_path: Path) -> None:
    assert lint(Manifest(name="shop", zones=3, count=Count(minimum=3, maximum=3)), tmp_path) == ()
    assert lint(Manifest(name="shop", count=Count(minimum=1, maximum=4)), tmp_path) == (
        Finding(
            Severity.WARNING,
            "count",
            "1 instance cannot fill 2 zones: one stays empty.",
            "Write 2 or more, or fewer zones.",
        ),
    )


def test_scaling_without_room_and_rest_without_scaling(tmp_path: Path) -> None:
    full = Count(minimum=3, maximum=3, requests=9, cooldown=Cooldown(scale_in=Seconds(1.0)))
    assert told(Manifest(name="shop", count=full), tmp_path) == [
        "warning: count.range: a range from 3 to 3 leaves no room to scale in. Write 3-6, say."
    ]
    idle = Count(cooldown=Cooldown(scale_out=Seconds(0.0)))
    assert told(Manifest(name="shop", count=idle), tmp_path) == [
        "warning: count.cooldown: nothing is scaled, so nothing has to cool down. "
        "Add response_time, requests or cpu, or take it out."
    ]
    assert told(Manifest(name="shop", count=Count(cpu=60)), tmp_path) == []


@pytest.mark.parametrize(
    ("alias", "what"),
    [
        ("shop.example.com", ["shop.example.com is a name for examples."]),
        ("shop.internal", ["shop.internal is no public name."]),
        ("shop.evenly.dev", []),
        ("notexample.com", []),
        ("example.com", ["example.com is a name for examples."]),
    ],
)
def test_an_alias_is_a_public_name(alias: str, what: list[str], tmp_path: Path) -> None:
    found = lint(Manifest(name="shop", http=Http(alias=alias)), tmp_path)
    assert [each.what for each in found] == what


def told_of(text: str) -> list[str]:
    """Of the environment live, beside what is told of every target."""
    whole = parse(f"name: shop\n{text}", "evenly.yaml")
    found = aws_findings("live", whole.environments["live"], whole.of_environment("live"))
    return [f"{each.severity}: {each.path}: {each.what} {each.try_}" for each in found]


def test_an_environment_on_aws_that_does_as_it_says() -> None:
    text = "tags: {cost-centre: a, team: b}\nenvironments: {live: {target: aws, region: ap-southeast-7}}\n"
    assert told_of(text) == []


def test_what_an_environment_on_aws_will_hardly_do_as_meant() -> None:
    text = (
        "tags: {CostCenter: a}\nhttp: {certificate: {chain: a.pem, key: a.key}}\n"
        "environments: {live: {target: aws, regions: [eu-east-1, us-east-1]}}\n"
    )
    assert told_of(text) == [
        "warning: environments.live.region: eu-east-1 is no region that this version of Evenly knows. "
        "Compare it with the list of AWS's regions.",
        "warning: environments.live.regions: it is put into eu-east-1 alone; nothing is put into us-east-1 yet. "
        "Write region: eu-east-1, if that is all.",
        "warning: tags.CostCenter: everything has the tag cost-centre beside it, which says shop. "
        "Write it as cost-centre, or cost-centre too.",
        "warning: http.certificate: AWS has a certificate of its own for the service, and this one stays on this "
        "machine. Write http.certificate: null in live to say so.",
    ]
