"""A process that runs cfn-lint: templates as JSON on stdin, what it found as JSON on stdout.

Apart, for its import takes seconds and can be had once a core; and in a folder where no `.cfnlintrc` is, so that what
is found does not depend on who looks. `python -m evenly.aws.linting.worker`"""

import json
import sys
from functools import cache
from typing import Any

SAID = ("stack", "rule", "severity", "resource", "line", "what")


def main() -> None:
    json.dump([told for job in json.load(sys.stdin) for told in findings(job)], sys.stdout)


def findings(job: dict[str, Any]) -> list[dict[str, Any]]:
    """Of one template: `stack`, `region`, and its `text` in YAML."""
    from cfnlint.decode import decode_str

    template, broken = decode_str(job["text"])
    found = broken or _runner(job["region"]).validate_template(template)
    return [_told(job["stack"], it) for it in found]


@cache
def _runner(region: str) -> Any:
    """With all rules, which take half a second to load: once, and not for each template."""
    from cfnlint.config import ConfigMixIn
    from cfnlint.runner import Runner

    return Runner(ConfigMixIn(regions=[region]))


def _told(stack: str, match: Any) -> dict[str, Any]:
    path = [str(it) for it in getattr(match, "path", None) or ()]
    values = (
        stack,
        str(match.rule.id),
        str(match.rule.severity),
        path[1] if len(path) > 1 else "",
        int(match.linenumber),
        f"{str(match.message).rstrip('.')}.",
    )
    return dict(zip(SAID, values, strict=True))


if __name__ == "__main__":
    main()
