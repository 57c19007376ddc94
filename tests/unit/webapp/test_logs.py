import json
import os

import pytest

from evenly.webapp.logs import make_logger
from evenly.webapp.settings import read_settings

SETTINGS = read_settings({"EVENLY_INSTANCE_ID": "i-1", "DATABASE_URL": "postgresql://app:hunter2@/hello"})


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    try:
        yield reading, writing
    finally:
        os.close(reading)
        os.close(writing)


def test_an_error_is_one_line_with_its_traceback_and_without_secrets(pipe):
    reading, writing = pipe
    try:
        raise ValueError("cannot use postgresql://app:hunter2@/hello, hunter2\nat all")
    except ValueError as error:
        make_logger(SETTINGS, writing).error("unexpected", exc_info=error)
    line = os.read(reading, 10_000)
    assert line.count(b"\n") == 1 and line.endswith(b"\n")
    told = json.loads(line)
    assert (told["level"], told["event"], told["instance"]) == ("error", "unexpected", "i-1")
    assert "Traceback" in told["exception"] and "hunter2" not in told["exception"]


def test_lines_that_cannot_be_written_are_lost_in_silence():
    reading, writing = os.pipe()
    os.close(reading)
    log = make_logger(SETTINGS, writing)
    log.info("request")  # a broken pipe
    os.close(writing)
    log.error("request")  # a closed descriptor


def test_debug_is_not_written(pipe):
    reading, writing = pipe
    os.set_blocking(reading, False)
    make_logger(SETTINGS, writing).debug("request")
    with pytest.raises(BlockingIOError):
        os.read(reading, 1)
