"""The picture in words, for whoever does not see it. Pure."""

from collections.abc import Iterator

from evenly.cli.architecture.parts import Box, Parts, Zone


def described(found: Parts) -> str:
    """Sentences, from the visitor to the database."""
    return " ".join(_sentences(found))


def _sentences(found: Parts) -> Iterator[str]:
    for box in (*found.edge, found.balancer):
        yield _told(box)
    yield f"{found.visitors} come in by {found.enters if found.enters == 'balancer' else 'CloudFront'}."
    yield f"It is asked by {found.leg_in} and asks the app's tasks by {found.leg_out}."
    for zone in found.zones:
        yield _zone(zone)
    for box in (*found.beside, *found.below, *found.told):
        yield _told(box)


def _told(box: Box) -> str:
    return f"{box.title}: {', '.join(line.rstrip(',') for line in box.lines)}."


def _zone(zone: Zone) -> str:
    subnets = ", ".join(f"{it.tier.lower()} {it.addresses}" for it in zone.subnets)
    ways = [it.way_out.title for it in zone.subnets if it.way_out]
    tasks = [f"{len(zone.tasks) + zone.more} tasks" if len(zone.tasks) + zone.more != 1 else "1 task"]
    database = [f"the database's {zone.database.title.lower()}"] if zone.database else []
    return f"{zone.name}: subnets {subnets}; {', '.join([*ways, zone.ground.title, *tasks, *database])}."
