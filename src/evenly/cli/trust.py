"""`evenly trust`: what makes browsers trust the environment's authority, shown or, with consent, done."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from evenly.cli.options import environment_option, hint, json_option, print_json, project_folder, shown
from evenly.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenly.local.paths import Paths
    from evenly.local.trusting.commands import Mark
    from evenly.local.trusting.doing import Authorities, Step
    from evenly.local.trusting.stores import Store


@click.command()
@environment_option
@click.option("--install", "installs", is_flag=True, help="Do it, after asking.")
@click.option("--remove", "removes", is_flag=True, help="Undo it, after asking.")
@click.option(
    "--store",
    "group",
    type=click.Choice(["all", "browsers", "system"]),
    default="all",
    show_default=True,
    help="Which stores: those of browsers, or the system's.",
)
@click.option("--yes", is_flag=True, help="Consent, for scripts, in place of the question.")
@json_option
@click.pass_context
def command(ctx: click.Context, installs: bool, removes: bool, group: str, yes: bool, as_json: bool) -> None:
    """Show what makes browsers trust the environment's certificates, or do it, or undo it.

    The authority can vouch for the names of this service and of this machine alone.
    """
    from evenly.local.certificates import CertificateFiles
    from evenly.local.settings import find_paths
    from evenly.local.trusting.doing import authorities, steps_to_install, steps_to_remove

    if installs and removes:
        raise UsageError("--install and --remove are opposites.", try_="Choose one of them.")
    paths = find_paths(project_folder())
    known = authorities(CertificateFiles(paths.certificates))
    stores = _stores(group)
    steps = (steps_to_remove if removes else steps_to_install)(stores, known, os.geteuid())
    if as_json:
        print_json(_as_data(known, steps))
        return
    click.echo("\n".join(authority_lines(known.wanted, _permitted(known.wanted[0]))))
    if not steps:
        click.echo(f"\nNothing to {'remove' if removes else 'do'}: {_nothing(stores, removes=removes)}")
    else:
        click.echo("\n" + "\n".join(step_lines(steps, os.geteuid())))
    if not (installs or removes):
        _say_more(paths)
    elif steps:
        ctx.exit(_do(steps, yes))


def authority_lines(marks: Sequence[Mark], permitted: Sequence[str]) -> list[str]:
    """Which authorities there are, by what to know them, and what they can vouch for."""
    lines = []
    for mark in marks:
        pairs = ":".join(mark.sha256[n : n + 2] for n in range(0, 64, 2))
        lines += [mark.name, f"  file         {shown(mark.file)}", f"  SHA-256      {pairs}"]
    return [*lines, f"  vouches for  {', '.join(permitted)}, and nothing else"]


def step_lines(steps: Sequence[Step], uid: int) -> list[str]:
    """The commands, store by store."""
    from evenly.local.trusting.doing import as_typed

    return [
        line
        for step in steps
        for line in (
            f"For {step.store.what}:",
            *(f"  {as_typed(argv, step.store, uid)}" for argv in step.commands),
            *([f"  {step.barred}"] if step.barred else []),
        )
    ]


def _do(steps: Sequence[Step], yes: bool) -> int:
    from evenly.local.trusting.doing import run

    possible = [it for it in steps if not it.barred]
    if not possible:
        click.echo("None of it can be run from here; the lines above say why.", err=True)
        return ExitCode.STATE
    if not yes and not _consents():
        click.echo("Nothing was changed.", err=True)
        return ExitCode.USAGE
    for step in possible:
        run(step)
        click.echo(f"done: {step.store.what}", err=True)
    left = [it for it in steps if it.barred]
    for step in left:
        click.echo(f"not done: {step.store.what}. {step.barred}", err=True)
    click.echo("Browsers that are open take it after they were started again.", err=True)
    return ExitCode.STATE if left else ExitCode.DONE


def _consents() -> bool:
    if not sys.stdin.isatty():
        raise UsageError(
            "there is no terminal to ask on.", try_="Add --yes if you consent to these commands."
        )
    answer: str = click.prompt("Run them? Type yes", default="no", show_default=False, err=True)
    return answer.strip().lower() == "yes"


def _stores(group: str) -> tuple[Store, ...]:
    from pathlib import Path
    from shutil import which

    from evenly.local.trusting.stores import find_stores

    found = find_stores(Path.home(), sys.platform, lambda program: which(program) is not None)
    return tuple(it for it in found if group in ("all", it.group))


def _permitted(mark: Mark) -> tuple[str, ...]:
    from evenly.local.certificates.issuing import permitted_names
    from evenly.local.certificates.keys import read_certificate

    certificate = read_certificate(mark.file.read_bytes())
    return permitted_names(certificate) if certificate else ()


def _nothing(stores: Sequence[Store], *, removes: bool) -> str:
    if not stores:
        return "there is no store here that this command knows."
    return f"no store {'holds it' if removes else 'lacks it'}."


def _say_more(paths: Paths) -> None:
    from evenly.local.certificates import CertificateFiles

    ca = shown(CertificateFiles(paths.certificates).ca)
    click.echo(f"\nWithout any of that, for one program:\n  curl --cacert {ca} https://...")
    hint("evenly trust --install", "evenly trust --remove to undo it")


def _as_data(known: Authorities, steps: Sequence[Step]) -> dict[str, object]:
    marks = [{"name": it.name, "file": str(it.file), "sha256": it.sha256} for it in known.wanted]
    told = [
        {"store": it.store.what, "group": it.store.group, "commands": it.commands, "barred": it.barred}
        for it in steps
    ]
    return {"authorities": marks, "steps": told}
