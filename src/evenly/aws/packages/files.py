"""A package as files: templates, what is known of their parameters, assets, and an index of it all. Writes one folder.

    package.json               the index: stacks in their order, where parameters come from, hashes
    templates/NETWORK.yaml
    parameters/NETWORK.json    a template configuration file: the parameters that are known, and the stack's tags
    assets/DOOR-....zip        for the bucket of artifacts, under that very key

The form of a configuration file:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/continuous-delivery-codepipeline-cfn-artifacts.html
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evenly.aws.packages.packaging import Origin, Package, Packaged, Source
from evenly.errors import UsageError

INDEX = "package.json"
VERSION = 1


def write(package: Package, folder: Path, shown: str) -> tuple[str, ...]:
    """The package, and nothing else, in `folder`; gives the files, by their paths in it. `shown`: the folder, in words.
    Raises UsageError where something else is in it."""
    files = contents(package)
    left = _left(folder, shown)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for name in left - files.keys():
        (folder / name).unlink()
    return tuple(files)


def contents(package: Package) -> dict[str, bytes]:
    """The files, by their paths."""
    found = {f"templates/{it.concern}.yaml": it.text.encode() for it in package.stacks}
    found |= {f"parameters/{it.concern}.json": _json(configuration(package, it)) for it in package.stacks}
    found |= {it.key: it.content for it in package.bundles}
    return {INDEX: _json(index(package)), **dict(sorted(found.items()))}


def configuration(package: Package, stack: Packaged) -> dict[str, Any]:
    """What is known before anything is deployed. The rest the index tells the source of."""
    known = {
        key: it.said for key, it in stack.parameters.items() if it.origin in (Origin.ASSET, Origin.DEFAULT)
    }
    return {"Parameters": known, "Tags": package.tags}


def index(package: Package) -> dict[str, Any]:
    return {
        "version": VERSION,
        "service": package.topology.service,
        "environment": package.topology.environment,
        "region": package.topology.region,
        "account": package.topology.account,
        "waves": [list(wave) for wave in package.waves],
        "stacks": [_of_stack(package, it) for it in package.stacks],
        "assets": [{"name": it.name, "key": it.key, "sha256": it.sha256} for it in package.bundles],
    }


def _of_stack(package: Package, stack: Packaged) -> dict[str, Any]:
    return {
        "name": stack.concern,
        "stack": stack.stack,
        "region": stack.region,
        "template": f"templates/{stack.concern}.yaml",
        "parameters_file": f"parameters/{stack.concern}.json",
        "sha256": stack.sha256,
        "termination_protection": package.topology.production,
        "parameters": {key: _of_parameter(package, key, it) for key, it in stack.parameters.items()},
    }


def _of_parameter(package: Package, key: str, source: Source) -> dict[str, Any]:
    """`published`: the parameter of Systems Manager that has the same value, for whoever is not Evenly."""
    if source.origin is not Origin.STACK or source.said is None:
        return {"from": source.origin} | ({"value": source.said} if source.said is not None else {})
    names = package.topology.names
    return {
        "from": source.origin,
        "stack": names.stack(source.said),
        "published": names.parameter(source.said, key),
    }


def _left(folder: Path, shown: str) -> set[str]:
    """The files of the package that was written there before."""
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    former = _former(folder) if there else set()
    if there - former:
        example = min(there - former)
        what = f"there is something in it that is no package of Evenly's: {example}."
        raise UsageError(what, where=shown, try_="Name an empty folder, or one that does not exist yet.")
    return there


def _former(folder: Path) -> set[str]:
    try:
        found = json.loads((folder / INDEX).read_bytes())
        stacks = [it[key] for it in found["stacks"] for key in ("template", "parameters_file")]
        return {INDEX, *stacks, *(it["key"] for it in found["assets"])}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _json(data: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(data, indent=2, ensure_ascii=False)}\n".encode()
