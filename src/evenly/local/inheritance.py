"""What a process of ours gets of the user's environment: enough to run, and no credential."""

import os
from collections.abc import Mapping

PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
PASSED_ON_BY_PREFIX = ("LC_", "OTEL_", "COVERAGE_")


def inherited(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The part of `environ` (this process's, if `None`) that is passed on."""
    environ = os.environ if environ is None else environ
    return {
        name: value
        for name, value in environ.items()
        if name in PASSED_ON or name.startswith(PASSED_ON_BY_PREFIX)
    }
