"""What the commands share that are about an environment on AWS: the environment as it is to be, the way to its account,
its saved plan, and how progress is told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from evenly.cli.options import project_folder, shown
from evenly.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from evenly.aws.changes.plan import Plan
    from evenly.aws.operations.cloud import Cloud
    from evenly.aws.operations.desired import Desired
    from evenly.aws.topology import AwsTopology
    from evenly.cli.environments import OnAws

profile_option = click.option(
    "--profile", metavar="NAME", help="On AWS: the profile whose credentials are used, as in ~/.aws/config."
)


class Place(Struct, frozen=True):
    """An environment on AWS, as the checkout has it. `pages`: its error pages, by status."""

    project: Path
    topology: AwsTopology
    desired: Desired
    cloud: Cloud
    pages: Mapping[int, str] = {}

    @property
    def environment(self) -> str:
        return self.desired.names.environment

    @property
    def home(self) -> Path:
        return self.project / ".evenly" / self.environment

    @property
    def plan(self) -> Path:
        """Where the last plan is saved, unless another file was named."""
        return self.home / "plan.json"


def place_of(chosen: OnAws, profile: str | None) -> Place:
    """Raises UsageError for what the checkout has wrong. Nothing is asked of AWS yet."""
    from evenly.cli.package import made

    project = project_folder()
    package, pages = made(chosen, project), _pages(chosen, project)
    from evenly.aws.cloud.session import Session
    from evenly.aws.edgepages import version
    from evenly.aws.operations.checkout import desired_of
    from evenly.aws.operations.cloud import Cloud
    from evenly.aws.stacks.edge.distribution import VERSION

    topology = package.topology
    desired = desired_of(package, {VERSION: version(pages)})
    return Place(project, topology, desired, Cloud(Session(profile), topology.region), pages)


def _pages(chosen: OnAws, project: Path) -> dict[int, str]:
    """What the edge shows: the user's pages, and Evenly's where there are none."""
    from evenly.aws.edgepages import pages
    from evenly.local.errorpages import read_pages

    folder = chosen.manifest.of_environment(chosen.name).http.error_pages
    return pages(read_pages(project / folder) if folder else {})


def only_on_aws(**given: object) -> None:
    """Raises UsageError for an option that the environment on this machine has not: by its name, what was given."""
    _refuse("an environment on AWS", given)


def only_here(**given: object) -> None:
    """The same, for one on AWS."""
    _refuse("the environment on this machine", given)


def _refuse(whose: str, given: dict[str, object]) -> None:
    for name, value in given.items():
        if value not in (None, False):
            raise UsageError(f"it belongs to {whose}.", where=f"--{name.replace('_', '-')}")


def teller() -> Callable[[str, str], None]:
    """Says who does what, on stderr, with the seconds since now."""
    began = time.monotonic()

    def say(who: str, what: str) -> None:
        from evenly.cli.words import harmless

        click.echo(f"{time.monotonic() - began:6.1f} s  {who}: {harmless(what)}", err=True)

    return say


def save_plan(place: Place, plan: Plan, out: Path | None) -> Path:
    """Writes it in one step; where to."""
    from evenly.aws.changes.saved import encoded
    from evenly.local.state import write_bytes

    path = out or place.plan
    if out is None:
        _make_home(place)
    if not path.parent.is_dir():
        raise UsageError(
            f"there is no folder {shown(path.parent)}.", where="--out", try_="Make it, or name another."
        )
    write_bytes(path, encoded(plan))
    return path


def _make_home(place: Place) -> None:
    place.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    ignore = place.home.parent / ".gitignore"
    if not ignore.exists():
        ignore.write_text("# State of Evenly's environments.\n*\n")


def read_plan(path: Path) -> Plan:
    """Raises UsageError for a file that is not there or is no plan."""
    from evenly.aws.changes.saved import decoded

    try:
        content = path.read_bytes()
    except OSError as error:
        what = f"this plan can't be read: {error.strerror}."
        raise UsageError(
            what, where=str(shown(path)), try_="Make one: evenly plan -e ENV --out FILE."
        ) from error
    return decoded(content, str(shown(path)))
