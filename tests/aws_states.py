"""A small interpreter of the Amazon States Language, for our own machines in tests: JSONPath, no waiting.

It knows what they use, and refuses everything else, so that no field is passed over in silence.
https://states-language.net
"""

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Work = Callable[[str, Json], Any]  # the state's name and what it is given -> its result
FORMAT = re.compile(r"States\.Format\('([^']*)', ([^)]*)\)")
KNOWN = {
    "Task": {"Resource", "Parameters", "ResultPath", "TimeoutSeconds", "Retry", "Catch", "Next"},
    "Pass": {"Result", "Parameters", "ResultPath", "Next"},
    "Choice": {"Choices", "Default"},
    "Succeed": set(),
    "Fail": {"Error", "Cause", "ErrorPath", "CausePath"},
}


class TaskError(Exception):
    """What a task failed with."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(error, cause)
        self.error, self.cause = error, cause


@dataclass
class Ended:
    """`error` of `None`: it succeeded."""

    error: str | None
    cause: str | None
    data: Json
    visited: list[str] = field(default_factory=list)


def run(definition: Mapping[str, Any], data: Json, context: Json, work: Work) -> Ended:
    """Runs the machine from its start to its end. `work` does the tasks."""
    name, visited = definition["StartAt"], []
    data = copy.deepcopy(data)
    while True:
        visited.append(name)
        state = definition["States"][name]
        assert state.keys() - {"Type"} <= KNOWN[state["Type"]], (name, state)
        match state["Type"]:
            case "Succeed":
                return Ended(None, None, data, visited)
            case "Fail":
                return Ended(*_failure(state, data), data, visited)
            case "Choice":
                name = next((it["Next"] for it in state["Choices"] if _holds(it, data)), state["Default"])
            case "Pass":
                made = state["Result"] if "Result" in state else _filled(state["Parameters"], data, context)
                _put(data, state["ResultPath"], made)
                name = state["Next"]
            case _:
                name = _task(name, state, data, context, work)


def _task(name: str, state: Mapping[str, Any], data: Json, context: Json, work: Work) -> str:
    given = _filled(state.get("Parameters", {}), data, context)
    tries = 1 + sum(it["MaxAttempts"] for it in state.get("Retry", ()))
    for attempt in range(tries):
        try:
            _put(data, state["ResultPath"], work(name, given))
        except TaskError as error:
            if attempt + 1 < tries:
                continue
            catch = state["Catch"][0]
            assert catch["ErrorEquals"] == ["States.ALL"]
            _put(data, catch["ResultPath"], {"Error": error.error, "Cause": error.cause})
            return str(catch["Next"])
        else:
            return str(state["Next"])
    raise AssertionError("unreachable")


def _failure(state: Mapping[str, Any], data: Json) -> tuple[str, str]:
    said = (
        state[plain] if plain in state else _found(data, state[path])
        for plain, path in (("Error", "ErrorPath"), ("Cause", "CausePath"))
    )
    error, cause = said
    assert isinstance(error, str) and isinstance(cause, str)
    return error, cause


def _holds(rule: Mapping[str, Any], data: Json) -> bool:
    if "And" in rule:
        return all(_holds(it, data) for it in rule["And"])
    if "Not" in rule:
        return not _holds(rule["Not"], data)
    present, value = _look(data, rule["Variable"])
    ((kind, wanted),) = ((key, it) for key, it in rule.items() if key not in ("Variable", "Next"))
    if kind == "IsPresent":
        return present is wanted
    assert present, f"{rule['Variable']} is not there, so the execution would fail"
    match kind:
        case "BooleanEquals" | "NumericEquals" | "StringEquals":
            return bool(value == wanted)
        case "StringEqualsPath":
            return bool(value == _found(data, wanted))
        case _:
            raise AssertionError(kind)


def _filled(template: Any, data: Json, context: Json) -> Any:
    if isinstance(template, list):
        return [_filled(it, data, context) for it in template]
    if not isinstance(template, dict):
        return template
    return {
        key.removesuffix(".$"): _path(it, data, context) if key.endswith(".$") else _filled(it, data, context)
        for key, it in template.items()
    }


def _path(path: str, data: Json, context: Json) -> Any:
    if formatted := FORMAT.fullmatch(path):
        return formatted[1].replace("{}", _found(data, formatted[2]))
    return _found(context, path[1:]) if path.startswith("$$") else _found(data, path)


def _found(data: Any, path: str) -> Any:
    present, value = _look(data, path)
    assert present, path
    return value


def _look(data: Any, path: str) -> tuple[bool, Any]:
    for key, place in re.findall(r"\.([A-Za-z]+)|\[([0-9]+)\]", path.removeprefix("$")):
        try:
            data = data[int(place)] if place else data[key]
        except (KeyError, IndexError, TypeError):
            return False, None
    return True, data


def _put(data: Json, path: str, value: Any) -> None:
    assert re.fullmatch(r"\$\.[A-Za-z]+", path), path
    data[path[2:]] = value
