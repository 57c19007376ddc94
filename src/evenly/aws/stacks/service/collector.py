"""The collector beside the app where `observability.tracing` is on: takes the app's traces by OTLP, inside the task,
and sends them to X-Ray. Pure.

For the service's stack: `environment` goes to the app's container, `container` beside it, and the tasks' role needs
`ACTIONS`. The app is served whether the collector is well or not.
https://aws-otel.github.io/docs/setup/ecs
"""

from typing import Any

import yaml
from troposphere import Ref, ecs, logs

from evenly.aws.topology import AwsTopology

NAME = "collector"
# AWS's own build of the OpenTelemetry collector: https://github.com/aws-observability/aws-otel-collector/releases
IMAGE = "public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0"
ACTIONS = ("xray:PutTraceSegments",)  # on every resource: X-Ray knows none for it
OTLP_PORT = 4318
HEALTH_PORT = 13133  # that the image's own /healthcheck asks
MEMORY_MIB = 160
LIMIT_MIB, SPIKE_MIB = 120, 30  # what it keeps for itself to; the rest is the program's
CPU_UNITS = 64
SAMPLED = "0.05"  # of the traces that nobody upstream has decided on, as X-Ray's own default
BATCH_S = 5


def environment(topology: AwsTopology) -> dict[str, str]:
    """What the app's container is told, by OpenTelemetry's standard variables; the manifest's own win. Metrics are not
    sent: CloudWatch has the balancer's and the tasks'.
    https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/"""
    if not topology.observability.tracing:
        return {}
    given = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{OTLP_PORT}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_SERVICE_NAME": topology.service,
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": SAMPLED,
    }
    own = dict(topology.variables)
    return {name: own.get(name, value) for name, value in given.items()}


def container(topology: AwsTopology, group: logs.LogGroup) -> ecs.ContainerDefinition:
    """Of the task definition, beside the app's. `group`: where it logs to. It listens inside the task alone, runs as
    the image's own user, and is started again when it ends."""
    return ecs.ContainerDefinition(
        Name=NAME,
        Image=IMAGE,
        Essential=False,
        Cpu=CPU_UNITS,
        Memory=MEMORY_MIB,
        Environment=[ecs.Environment(Name="AOT_CONFIG_CONTENT", Value=configuration(topology))],
        HealthCheck=ecs.HealthCheck(
            Command=["CMD", "/healthcheck"], Interval=30, Timeout=5, Retries=3, StartPeriod=10
        ),
        LinuxParameters=ecs.LinuxParameters(Capabilities=ecs.KernelCapabilities(Drop=["ALL"])),
        LogConfiguration=_logged(group),
        Privileged=False,
        ReadonlyRootFilesystem=True,
        RestartPolicy=ecs.RestartPolicy(Enabled=True, RestartAttemptPeriod=60),
    )


def configuration(topology: AwsTopology) -> str:
    """The collector's, as YAML."""
    pipeline = {"receivers": ["otlp"], "processors": ["memory_limiter", "batch"], "exporters": ["awsxray"]}
    return yaml.safe_dump(
        {
            "extensions": {"health_check": {"endpoint": f"127.0.0.1:{HEALTH_PORT}"}},
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{OTLP_PORT}"}}}},
            "processors": {
                "memory_limiter": {
                    "check_interval": "1s",
                    "limit_mib": LIMIT_MIB,
                    "spike_limit_mib": SPIKE_MIB,
                },
                "batch": {"timeout": f"{BATCH_S}s"},
            },
            "exporters": {"awsxray": _xray(topology)},
            "service": {
                "extensions": ["health_check"],
                "pipelines": {"traces": pipeline},
                "telemetry": {"logs": {"level": "warn"}, "metrics": {"level": "none"}},
            },
        },
        sort_keys=False,
    )


def _xray(topology: AwsTopology) -> dict[str, Any]:
    """Without a question to the host's metadata, which tasks can't reach. Zone and release can be searched for."""
    return {
        "region": topology.region,
        "local_mode": True,
        "indexed_attributes": ["otel.resource.cloud.availability_zone", "otel.resource.service.version"],
    }


def _logged(group: logs.LogGroup) -> ecs.LogConfiguration:
    options: dict[str, Any] = {
        "awslogs-group": Ref(group),
        "awslogs-region": Ref("AWS::Region"),
        "awslogs-stream-prefix": NAME,
        "mode": "non-blocking",
        "max-buffer-size": "1m",
    }
    return ecs.LogConfiguration(LogDriver="awslogs", Options=options)
