"""What a checkout brings to AWS beside the templates: the source of its image, its migrations, its error pages; and how
the service is verified in the end."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evenly.cli.options import hint, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from evenly.aws.changes.plan import Plan
    from evenly.aws.operations.clock import Clock
    from evenly.aws.releasing.release import Work
    from evenly.aws.releasing.source import Source
    from evenly.cli.cloud import Place
    from evenly.verify.results import Verification

PATIENCE_S = 120.0  # for a name that is new, and for a distribution to know its balancer
# Docker would push a second manifest with each image, which the repository's lifecycle counts like an image:
# https://docs.docker.com/build/building/variables/#buildx_no_default_attestations
ATTESTATIONS = {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}


def source_of(place: Place) -> Source:
    """Raises UsageError where there is nothing to build an image from."""
    from evenly.aws.instances import processors_of
    from evenly.aws.releasing.source import source_of as found
    from evenly.aws.stacks.service.containers import brings_evenly

    return found(
        place.project / place.topology.app.build,
        processors_of(place.topology),
        is_reference=_is_reference(place),
        brings_evenly=brings_evenly(place.topology),
    )


def work_of(place: Place, plan: Plan, source: Source | None, *, on_aws: bool) -> Work:
    """What is done beside the stacks of `plan`. Where that has no source, its image was chosen (of an earlier release,
    say), and the database stays as it is. `on_aws`: the image is built there, Docker or not."""
    from evenly.aws.edgepages import objects
    from evenly.aws.releasing.programs import Programs
    from evenly.aws.releasing.release import Work

    is_chosen = plan.source is None
    return Work(
        source=None if is_chosen else source,
        migrations=None if is_chosen else _migrations(place),
        pages=objects(place.pages),
        programs=None if on_aws else Programs({**os.environ, **ATTESTATIONS}),
    )


def _is_reference(place: Place) -> bool:
    from evenly.manifest.types import REFERENCE_APP

    return place.topology.app.serve == REFERENCE_APP and place.topology.app.command is None


def _migrations(place: Place) -> str | None:
    """The digest of those that the image holds; `None` where the environment has no database of its own."""
    from evenly.database.apply import read_folder
    from evenly.database.migrations import digest

    database = place.topology.own_database
    if database is None:
        return None
    if database.migrations is not None:
        return digest(read_folder(place.project / database.migrations))
    if not _is_reference(place):
        return digest(())
    from evenly.manifest.types import REFERENCE_APP

    found = find_spec(REFERENCE_APP.partition(":")[0])
    places = found.submodule_search_locations if found else None
    return digest(read_folder(Path(places[0]) / "migrations") if places else ())


# --- at the end


def verified(place: Place, *, is_new: bool = False) -> Verification | None:
    """The result of all checks, told and kept; `None` where the service can't be asked from here. `is_new`: its address
    is, so that it may take a moment until it is known everywhere."""
    from evenly.aws.operations.clock import Clock
    from evenly.aws.operations.looking import look
    from evenly.aws.topology import Reach
    from evenly.cli.verify import tell_verified, verify_address

    url = look(place.cloud, place.desired).url
    if place.topology.reach is Reach.INTERNAL or url is None:
        what = "its balancer is internal" if url else "it has no address"
        click.echo(f"Not verified: {what}. From inside the network: evenly verify --url URL", err=True)
        return None
    click.echo(f"Verifying {url}", err=True)
    authority = _authority(place)
    if is_new:
        await_answer(lambda: _answers(url, authority), Clock())
    result = verify_address(place.project, url, authority)
    tell_verified(result)
    if result.failed:
        hint(f"evenly verify --url {url} {result.failed[0].id}", f"evenly logs -e {place.environment}")
    return result


def await_answer(answers: Callable[[], bool], clock: Clock) -> None:
    """Until it does, or has had its time: then the checks say what is wrong."""
    until = clock.now() + PATIENCE_S
    for _ in clock.rounds():
        if answers() or clock.now() > until:
            return


def _answers(url: str, authority: Path | None) -> bool:
    from evenly.verify.client import NoAnswerError, Service

    try:
        Service(url, authority).get()
    except NoAnswerError:
        return False
    return True


def _authority(place: Place) -> Path | None:
    """A balancer without a name shows a certificate of Evenly's making, which only who asks for it can know."""
    from evenly.aws.operations.certificates import shown_certificate
    from evenly.aws.topology import Reach

    if place.topology.reach is not Reach.BALANCER:
        return None
    text = shown_certificate(place.cloud, place.topology)
    if text is None:
        return None
    place.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = place.home / "balancer.pem"
    file.write_text(text)
    click.echo(f"The balancer's own certificate is in {shown(file)}.", err=True)
    return file
