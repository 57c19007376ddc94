"""Quotas and permissions, as `evenly plan` tells of them and `evenly deploy` stops at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from evenly.aws.changes.plan import Plan
    from evenly.aws.preflight.findings import Findings
    from evenly.cli.cloud import Place


def noted(place: Place, plan: Plan) -> Plan:
    """The plan, with what would stop it, and what could not be found out, among its notes."""
    from msgspec.structs import replace

    found = _found(place, plan)
    stopping = (f"This stops the deploy: {it}" for it in found.stopping)
    return replace(plan, notes=(*plan.notes, *stopping, *found.notes))


def check_preflight(place: Place, plan: Plan) -> None:
    """Raises StateError where the deploy would fail; the rest is told on stderr."""
    from evenly.aws.preflight.findings import PreflightError
    from evenly.cli.words import harmless

    found = _found(place, plan)
    for note in found.notes:
        click.echo(harmless(note), err=True)
    if found.stopping:
        raise PreflightError(found, place.environment)


def _found(place: Place, plan: Plan) -> Findings:
    from evenly.aws.operations.clock import Clock
    from evenly.aws.operations.preflight import preflight

    return preflight(place.cloud, place.topology, place.desired, plan, Clock())
