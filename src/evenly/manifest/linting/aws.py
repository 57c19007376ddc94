"""What an environment on AWS will hardly do as meant, as far as the manifest tells. Pure."""

from collections.abc import Iterator

from evenly.manifest.awsvalues import REGIONS
from evenly.manifest.linting.findings import Finding, warning
from evenly.manifest.tags import near_well_known
from evenly.manifest.types import Environment, Manifest


def aws_findings(name: str, said: Environment, manifest: Manifest) -> Iterator[Finding]:
    """Of the environment `name`, which has `manifest`."""
    yield from _regions(f"environments.{name}", said)
    yield from _tags(manifest)
    if manifest.http.certificate is not None:
        what = "AWS has a certificate of its own for the service, and this one stays on this machine."
        yield warning("http.certificate", what, f"Write http.certificate: null in {name} to say so.")


def _regions(here: str, said: Environment) -> Iterator[Finding]:
    for it in said.regions:
        if it not in REGIONS:
            what = f"{it} is no region that this version of Evenly knows."
            yield warning(f"{here}.region", what, "Compare it with the list of AWS's regions.")
    if len(said.regions) > 1:
        first, *others = said.regions
        what = f"it is put into {first} alone; nothing is put into {', '.join(others)} yet."
        yield warning(f"{here}.regions", what, f"Write region: {first}, if that is all.")


def _tags(manifest: Manifest) -> Iterator[Finding]:
    for key, meant in near_well_known(manifest.tags):
        what = (
            f"everything has the tag {meant} beside it, which says {manifest.tags.get(meant, manifest.name)}."
        )
        yield warning(f"tags.{key}", what, f"Write it as {meant}, or {meant} too.")
