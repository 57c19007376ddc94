import pytest

from evenly.webapp.settings import SettingsError, read_settings, redacted, secrets_in
from evenly.webapp.telemetry import Signals, signals_wanted

OFF = frozenset[str]()
OTLP = frozenset({"otlp"})


def test_what_the_supervisor_sets():
    settings = read_settings({"EVENLY_INSTANCE_ID": "i-1", "EVENLY_ZONE": "local-b", "EVENLY_RELEASE": "12"})
    assert (settings.instance_id, settings.zone, settings.release, settings.pool_size) == (
        "i-1",
        "local-b",
        12,
        10,
    )


@pytest.mark.parametrize("said", ["", "x", "-1", "1.5", "\u0663", "99999999999999999999"])
def test_a_wrong_number_is_named_and_never_replaced(said):
    with pytest.raises(SettingsError, match="EVENLY_RELEASE has to be a whole number from 0 to 2147483648"):
        read_settings({"EVENLY_RELEASE": said})


def test_secrets_are_redacted_in_every_form():
    url = "postgresql://app:a%2Fb%20c@/hello?host=/run"
    secrets = secrets_in({"DATABASE_URL": url, "PGPASSWORD": "other"})
    text = redacted(f"{url}; a%2Fb%20c; a/b c; other", secrets)
    assert text == "[redacted]; [redacted]; [redacted]; [redacted]"


def test_settings_print_no_secret():
    assert "secret" not in repr(read_settings({"DATABASE_URL": "postgresql://app:secret@/hello"}))


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, Signals(OFF, OFF)),
        ({"OTEL_SERVICE_NAME": "x"}, Signals(OFF, OFF)),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": ""}, Signals(OFF, OFF)),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, Signals(OTLP, OFF)),
        ({"OTEL_METRICS_EXPORTER": "console, otlp"}, Signals(OFF, frozenset({"console", "otlp"}))),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, Signals(OTLP, OTLP)),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_METRICS_EXPORTER": "none"}, Signals(OTLP, OFF)),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c"}, Signals(OTLP, OFF)),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://c"}, Signals(OFF, OTLP)),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "TRUE"}, Signals(OFF, OFF)),
    ],
)
def test_when_telemetry_is_on(environ, wanted):
    assert signals_wanted(environ) == wanted


@pytest.mark.parametrize(
    "environ",
    [
        {"OTEL_TRACES_EXPORTER": "zipkin"},
        {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
    ],
)
def test_telemetry_that_we_do_not_have_is_refused(environ):
    with pytest.raises(SettingsError, match="OTEL_"):
        signals_wanted(environ)


def test_on_aws_a_task_has_its_own_name_beside_its_hosts():
    on_host = read_settings({"EVENLY_INSTANCE_ID": "i-1", "EVENLY_TASK_ID": "abc"})
    assert (on_host.instance_id, on_host.task_id, on_host.name) == ("i-1", "abc", "abc")
    on_fargate = read_settings({"EVENLY_INSTANCE_ID": "", "EVENLY_TASK_ID": "abc"})
    assert (on_fargate.instance_id, on_fargate.name) == (None, "abc")
    here = read_settings({"EVENLY_INSTANCE_ID": "i-1"})
    assert (here.task_id, here.name) == (None, "i-1")
