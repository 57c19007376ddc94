"""What a process of ours gets of the user's environment: enough to run, and no credential."""

import os
from collections.abc import Mapping

PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
PASSED_ON_BY_PREFIX = ("LC_", "OTEL_", "COVERAGE_")
OF_THE_TERMINAL = (
    "TERM",
    "COLORTERM",
    "COLUMNS",
    "LINES",
    "NO_COLOR",
    "SHELL",
    "EDITOR",
    "VISUAL",
    "PAGER",
)


def inherited(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The part of `environ` (this process's, if `None`) that is passed on."""
    environ = os.environ if environ is None else environ
    return {
        name: value
        for name, value in environ.items()
        if name in PASSED_ON or name.startswith(PASSED_ON_BY_PREFIX)
    }


def of_the_terminal(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a command that a person runs on a terminal gets besides."""
    environ = os.environ if environ is None else environ
    return {name: environ[name] for name in OF_THE_TERMINAL if name in environ}
