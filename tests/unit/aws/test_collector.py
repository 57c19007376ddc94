"""The collector beside the app: what it is told, what the app is told, and that ECS takes it."""

import json

import pytest
import yaml
from cfnlint import ManualArgs, lint
from tests.unit.aws.edgeworld import topology
from troposphere import Template, ecs, logs

from evenly.aws.stacks.service import collector
from evenly.manifest.types import Observability
from evenly.webapp.telemetry import signals_wanted

TRACED = topology(observability=Observability(tracing=True))


def container() -> dict:
    group = logs.LogGroup("CollectorLogs", LogGroupName="/evenly/hello/staging/collector")
    return json.loads(json.dumps(collector.container(TRACED, group).to_dict()))


def test_without_tracing_the_app_is_told_nothing() -> None:
    assert collector.environment(topology()) == {}


def test_the_reference_service_sends_traces_and_nothing_else() -> None:
    """Asked of its own reading of the variables."""
    wanted = signals_wanted(collector.environment(TRACED))
    assert (wanted.traces, wanted.metrics) == (frozenset({"otlp"}), frozenset())


def test_what_the_manifest_says_of_tracing_wins() -> None:
    own = topology(observability=Observability(tracing=True), variables={"OTEL_TRACES_SAMPLER_ARG": "1"})
    assert collector.environment(own)["OTEL_TRACES_SAMPLER_ARG"] == "1"


def test_the_app_sends_to_where_the_collector_listens_inside_the_task_alone() -> None:
    said = yaml.safe_load(collector.configuration(TRACED))
    endpoint = said["receivers"]["otlp"]["protocols"]["http"]["endpoint"]
    assert collector.environment(TRACED)["OTEL_EXPORTER_OTLP_ENDPOINT"] == f"http://{endpoint}"
    assert endpoint.startswith("127.0.0.1:")
    assert list(said["receivers"]["otlp"]["protocols"]) == ["http"]
    assert "PortMappings" not in container()


def test_each_part_of_the_pipeline_is_configured() -> None:
    said = yaml.safe_load(collector.configuration(TRACED))
    (pipeline,) = said["service"]["pipelines"].values()
    for kind in ("receivers", "processors", "exporters"):
        assert set(pipeline[kind]) == set(said[kind])
    assert pipeline["processors"][0] == "memory_limiter"
    assert said["service"]["extensions"] == list(said["extensions"])
    assert said["exporters"]["awsxray"]["region"] == "eu-west-1"


def test_it_keeps_itself_to_less_memory_than_it_is_given() -> None:
    limiter = yaml.safe_load(collector.configuration(TRACED))["processors"]["memory_limiter"]
    assert limiter["spike_limit_mib"] < limiter["limit_mib"] < container()["Memory"]


def test_the_app_is_served_without_it_and_it_comes_back() -> None:
    found = container()
    assert found["Essential"] is False
    assert found["RestartPolicy"] == {"Enabled": True, "RestartAttemptPeriod": 60}


def test_it_has_no_rights_on_the_host() -> None:
    found = container()
    assert found["ReadonlyRootFilesystem"] is True
    assert found["Privileged"] is False
    assert found["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}


def test_its_image_is_of_one_version() -> None:
    name, _, version = collector.IMAGE.rpartition(":")
    assert name == "public.ecr.aws/aws-observability/aws-otel-collector"
    assert version.startswith("v")


@pytest.mark.parametrize("kind", ["EC2", "FARGATE"])
def test_ecs_takes_it_in_a_task_definition(kind: str) -> None:
    template = Template()
    group = template.add_resource(logs.LogGroup("CollectorLogs", RetentionInDays=30))
    template.add_resource(
        ecs.TaskDefinition(
            "Task",
            Family="hello",
            Cpu="256",
            Memory="512",
            NetworkMode="awsvpc",
            RequiresCompatibilities=[kind],
            ExecutionRoleArn="arn:aws:iam::123456789012:role/execution",
            ContainerDefinitions=[
                ecs.ContainerDefinition(Name="app", Image="hello@sha256:0", Essential=True),
                collector.container(TRACED, group),
            ],
        )
    )
    found = lint(template.to_yaml(), config=ManualArgs(regions=["eu-west-1"]))
    assert [it.message for it in found] == []
