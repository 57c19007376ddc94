"""What runs in a task: nothing privileged, nothing to write to, secrets by reference, and what the app finds locally
too."""

from pathlib import Path

import pytest
from tests.unit.aws.serviceworld import (
    FARGATE,
    MANIFESTS,
    Json,
    body,
    manifest,
    only,
    rendered,
    resources,
    topology,
)

from evenly.aws.stacks.service.containers import DATABASE_KEYS
from evenly.aws.topology import aws_topology
from evenly.core.secret import Secret
from evenly.core.topology import local_topology
from evenly.errors import UsageError
from evenly.local.postgres import credentials
from evenly.local.surroundings import Process, Surroundings, environment
from evenly.manifest.types import App, Count, Database, Worker

KINDS = sorted(MANIFESTS)


def containers(found: Json) -> list[Json]:
    """All that run the app's image, and whatever is beside them."""
    return [
        container
        for it in resources(found, "ECS::TaskDefinition").values()
        for container in it["ContainerDefinitions"]
    ]


def app(found: Json) -> Json:
    definition = found["Resources"]["AppTask"]["Properties"]
    return next(it for it in definition["ContainerDefinitions"] if it["Name"] == "app")


def variables(container: Json) -> Json:
    return {it["Name"]: it["Value"] for it in container["Environment"]}


def secrets(container: Json) -> Json:
    return {it["Name"]: it["ValueFrom"] for it in container.get("Secrets", ())}


@pytest.mark.parametrize("kind", KINDS)
def test_no_container_has_privileges_or_a_disk_to_write_to(kind: str) -> None:
    for it in containers(body(kind)):
        assert it["Privileged"] is False
        assert it["ReadonlyRootFilesystem"] is True
        assert it["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
        assert "User" not in it or it["User"] not in ("root", "0")
        assert it["LogConfiguration"]["Options"]["mode"] == "non-blocking"


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_hosts_id_is_mounted_of_a_host_and_nobody_writes_to_it(kind: str) -> None:
    for it in resources(body(kind), "ECS::TaskDefinition").values():
        on_hosts = it["RequiresCompatibilities"] == ["EC2"]
        hosts = [volume["Host"]["SourcePath"] for volume in it["Volumes"] if "Host" in volume]
        assert hosts == (["/var/lib/cloud/data/instance-id"] if on_hosts else [])
        assert it["NetworkMode"] == "awsvpc"
        for container in it["ContainerDefinitions"]:
            for mount in container.get("MountPoints", ()):
                assert mount["ReadOnly"] is (mount["SourceVolume"] == "instance-id")


@pytest.mark.parametrize("kind", KINDS)
def test_the_agent_of_a_shell_can_write_what_it_has_to(kind: str) -> None:
    """Into volumes of the task's own."""
    for it in resources(body(kind), "ECS::TaskDefinition").values():
        own = {volume["Name"] for volume in it["Volumes"] if "Host" not in volume}
        for container in it["ContainerDefinitions"]:
            if container["Name"] != "collector":
                places = {mount["ContainerPath"]: mount["SourceVolume"] for mount in container["MountPoints"]}
                wanted = {"/managed-agents", "/var/lib/amazon/ssm", "/var/log/amazon/ssm"}
                assert wanted <= places.keys()
                assert {places[path] for path in wanted} <= own


def test_privileges_are_not_gained_either_where_that_can_be_said() -> None:
    assert app(body("small"))["DockerSecurityOptions"] == ["no-new-privileges"]
    assert "DockerSecurityOptions" not in app(body("fargate"))  # ECS refuses it there
    assert "Tmpfs" in app(body("small"))["LinuxParameters"]
    assert "Tmpfs" not in app(body("fargate"))["LinuxParameters"]


def test_the_image_is_the_one_of_the_release_by_its_digest() -> None:
    for it in containers(body("full")):
        assert it["Name"] == "collector" or it["Image"] == {"Ref": "Image"}


def test_secrets_are_handed_over_by_reference_and_never_as_variables() -> None:
    found = app(body("full"))
    given = secrets(found)
    assert given["API_KEY"]["Fn::Sub"].endswith(":secret:hello/staging/app/payment")
    for variable, key in DATABASE_KEYS.items():
        assert given[variable] == {"Fn::Sub": f"${{DatabaseSecretArn}}:{key}::"}
    assert not given.keys() & variables(found).keys()
    assert variables(found)["PGSSLMODE"] == "verify-full"
    assert variables(found)["EVENLY_DATABASE_SECRET"] == {"Ref": "DatabaseSecretArn"}


def test_a_database_elsewhere_is_one_secret_and_no_database_is_none() -> None:
    given = secrets(app(body("default-domain")))
    assert list(given) == ["DATABASE_URL"]
    assert given["DATABASE_URL"]["Fn::Sub"].endswith(":secret:hello/staging/app/SHOP")
    assert secrets(app(body("fargate"))) == {}
    assert "PGSSLMODE" not in variables(app(body("fargate")))


def test_the_app_finds_what_it_finds_on_this_machine() -> None:
    """Name by name. The rest comes with the task itself, by `evenly.aws.launching`, or is of this machine alone."""
    said = MANIFESTS["full"]
    database = credentials.environment("app", Secret("x"), "hello", Path("/run"))
    around = Surroundings(
        local_topology(said),
        release=1,
        home=Path("/home"),
        project=Path("/project"),
        folder=Path("/folder"),
        database={name: it.reveal() for name, it in database.items()},
        secrets={name: Secret("y") for name in said.secrets},
    )
    given = {"HOST": "127.0.1.1", "PORT": "20000"}
    local = environment(around, Process("instance", "i-1", "local-a", given=given))
    found = app(body("full"))
    there = variables(found).keys() | secrets(found).keys()
    late = {"EVENLY_INSTANCE_ID", "EVENLY_ZONE"}
    of_this_machine = {
        "EVENLY_HOME",
        "PATH",
        "HOME",
        "LANG",
        "USER",
        "LOGNAME",
        "SHELL",
        "TZ",
        "LC_ALL",
        "TMPDIR",
    }
    inherited = {it for it in local if it not in there | late | of_this_machine}
    assert {it for it in inherited if it.startswith(("EVENLY", "PG", "DATABASE"))} == set()
    assert {"HOST", "PORT", "COLOUR", "API_KEY"} <= there


def test_a_variable_of_the_manifest_never_overrules_evenlys() -> None:
    mine = topology(variables={"PORT": "1", "COLOUR": "green"})
    assert variables(app(rendered(mine)))["PORT"] == "8443"


@pytest.mark.parametrize(
    ("kind", "proxies", "scheme"),
    [("small", "1", None), ("full", "2", None), ("default-domain", "2", "https"), ("internal", "1", None)],
)
def test_the_app_is_told_whom_to_believe(kind: str, proxies: str, scheme: str | None) -> None:
    told = variables(app(body(kind)))
    assert told["EVENLY_PROXIES"] == proxies
    assert told.get("EVENLY_SCHEME") == scheme
    assert told["EVENLY_TLS"] == "self-signed"


def test_what_is_served_is_started_by_our_server_with_what_it_finds_in_the_task() -> None:
    assert app(body("full"))["Command"] == [
        *("python", "-m", "evenly.aws.launching"),
        *("python", "-m", "evenly.webapp.server", "shop.main:app"),
    ]


def test_a_program_that_speaks_plain_http_and_has_no_database_needs_nothing_of_ours() -> None:
    found = app(body("plain"))
    assert found["Command"] == ["node", "server.js", "--port", "8443"]
    assert "EVENLY_TLS" not in variables(found)
    group = next(iter(resources(body("plain"), "ElasticLoadBalancingV2::TargetGroup").values()))
    assert (group["Protocol"], group["HealthCheckProtocol"]) == ("HTTP", "HTTP")


def command(
    *words: str, protocol: str = "https", database: Database | None = None, **more: object
) -> list[str]:
    said = manifest(app=App(serve=None, command=words, protocol=protocol), database=database, **more)  # type: ignore[arg-type]
    found: list[str] = app(rendered(aws_topology(said, "staging")))["Command"]
    return found


def test_names_are_expanded_here_and_what_only_the_task_knows_there() -> None:
    launched = ["python", "-m", "evenly.aws.launching"]
    said = command(
        "run", "$HOST:$PORT", "$TLS_CERTIFICATE", "cost: 5$$", "${COLOUR}", variables={"COLOUR": "a$b"}
    )
    assert said == [*launched, "run", "0.0.0.0:8443", "$TLS_CERTIFICATE", "cost: 5$$", "a$$b"]
    assert command("run", "cost: 5$$", protocol="http") == ["run", "cost: 5$"]


@pytest.mark.parametrize(
    ("word", "protocol", "why"),
    [
        ("$PGPASSWORD", "https", "is a secret"),
        ("$DATABASE_URL", "https", "is a secret"),
        ("--ca=$TLS_CLIENT_CA", "https", "shows its targets no certificate"),
        ("$NOWHERE", "https", "is not known before a task runs"),
    ],
)
def test_what_no_argument_can_have_is_refused(word: str, protocol: str, why: str) -> None:
    with pytest.raises(UsageError, match=r"app\.command") as raised:
        command("run", word, protocol=protocol, database=Database())
    assert why in raised.value.what


def test_a_program_without_evenly_in_its_image_can_not_ask_for_what_evenly_finds_out() -> None:
    with pytest.raises(UsageError, match="EVENLY_ZONE is not known"):
        command("run", "$EVENLY_ZONE", protocol="http")
    assert command("run", "$EVENLY_ZONE", protocol="http", database=Database())[-1] == "$EVENLY_ZONE"


def test_the_size_is_of_the_task_and_the_processor_of_its_hosts() -> None:
    small = body("small")["Resources"]["AppTask"]["Properties"]
    assert (small["Cpu"], small["Memory"]) == ("512", "512")
    assert small["RuntimePlatform"]["CpuArchitecture"] == "X86_64"
    arm = body("arm")["Resources"]["AppTask"]["Properties"]
    assert arm["RuntimePlatform"]["CpuArchitecture"] == "ARM64"


def test_tasks_are_spread_over_zones_first_and_hosts_second() -> None:
    for it in resources(body("full"), "ECS::Service").values():
        assert it["PlacementStrategies"] == [
            {"Type": "spread", "Field": "attribute:ecs.availability-zone"},
            {"Type": "spread", "Field": "instanceId"},
        ]
        assert it["CapacityProviderStrategy"] == [{"CapacityProvider": {"Ref": "Capacity"}, "Weight": 1}]
        assert "LaunchType" not in it
    fargate = rendered(topology(compute=FARGATE))
    assert only(fargate, "ECS::Service")["CapacityProviderStrategy"] == [
        {"CapacityProvider": "FARGATE", "Weight": 1}
    ]


def test_scaling_has_the_count_and_a_fixed_one_is_written() -> None:
    assert "DesiredCount" not in body("small")["Resources"]["App"]["Properties"]
    found = rendered(topology(count=Count(minimum=3, maximum=3)))
    assert found["Resources"]["App"]["Properties"]["DesiredCount"] == 3
    assert not resources(found, "ApplicationAutoScaling::ScalableTarget")


def test_each_worker_is_a_service_of_its_own_without_a_balancer() -> None:
    found = body("full")["Resources"]
    worker = found["WorkerMailer"]["Properties"]
    assert worker["ServiceName"] == "hello-worker-mailer"
    assert worker["DesiredCount"] == 2
    assert "LoadBalancers" not in worker
    (container,) = found["WorkerMailerTask"]["Properties"]["ContainerDefinitions"]
    assert container["Command"][-3:] == ["python", "-m", "shop.mailer"]
    assert variables(container)["EVENLY_WORKER"] == "mailer"
    assert "PORT" not in variables(container)
    assert secrets(container) == secrets(app(body("full")))


def test_a_worker_has_its_own_variables_on_top() -> None:
    worker = Worker(command=("run", "$QUEUE"), variables={"QUEUE": "mail"})
    found = rendered(topology(workers={"mail-er": worker}))
    (container,) = found["Resources"]["WorkerMailErTask"]["Properties"]["ContainerDefinitions"]
    assert variables(container)["QUEUE"] == "mail"
    assert container["Command"][-1] == "mail"
    assert "QUEUE" not in variables(app(found))


def test_a_secret_goes_before_a_variable_of_the_same_name_as_on_this_machine() -> None:
    """And ECS takes no task that has both."""
    worker = Worker(command=("run",), variables={"API_KEY": "x", "PGHOST": "y"})
    found = rendered(topology(workers={"mailer": worker}, secrets={"API_KEY": "payment"}))
    (container,) = found["Resources"]["WorkerMailerTask"]["Properties"]["ContainerDefinitions"]
    assert not variables(container).keys() & secrets(container).keys()
    assert {"API_KEY", "PGHOST"} <= secrets(container).keys()


def test_traces_go_to_a_collector_inside_the_task() -> None:
    definition = body("full")["Resources"]["AppTask"]["Properties"]["ContainerDefinitions"]
    assert [it["Name"] for it in definition] == ["app", "collector"]
    assert definition[1]["Essential"] is False
    assert variables(definition[0])["OTEL_TRACES_EXPORTER"] == "otlp"
    assert len(body("small")["Resources"]["AppTask"]["Properties"]["ContainerDefinitions"]) == 1
