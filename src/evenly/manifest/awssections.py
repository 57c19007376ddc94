"""The sections of the manifest that say something of AWS alone, and what has to fit together in them. Pure."""

from collections.abc import Iterator

from evenly.manifest import awsvalues, checks
from evenly.manifest.checks import InvalidError, whole
from evenly.manifest.fargate import MEMORY, least_memory, nearest_cpu, nearest_memory
from evenly.manifest.shapes import Conflict, Named, Section, Values
from evenly.manifest.tags import check_tag_key, check_tags, tag_value
from evenly.manifest.types import Bytes, Compute
from evenly.manifest.units import format_size

TAGS = Named(check_tag_key, tag_value, check_all=check_tags)

NETWORK = Section(
    {"egress": awsvalues.egress, "internal": checks.truth, "cidr": awsvalues.network},
)


def _sizes_of_fargate(compute: Values) -> Iterator[Conflict]:
    if compute.get("type") != "fargate":
        return
    if "instance" in compute:
        wrong = InvalidError("is of hosts, and fargate has none.", "Leave it out.")
        yield Conflict(("instance",), wrong, (("type",),), "fargate has no hosts")
    cpu = compute.get("cpu", Compute().cpu)
    if cpu not in MEMORY:
        wrong = InvalidError("is not a size that fargate has.", f"Write {nearest_cpu(cpu)}.")
        yield Conflict(("cpu",), wrong, (("type",),), "fargate has no tasks of that size")
    elif "memory" in compute and compute["memory"] not in MEMORY[cpu]:
        near = format_size(nearest_memory(cpu, compute["memory"]))
        wrong = InvalidError(f"is not a size that fargate has beside {cpu} units of CPU.", f"Write {near}.")
        why = f"beside {cpu} units of CPU fargate has {_range(MEMORY[cpu])}"
        yield Conflict(("memory",), wrong, (("cpu",), ("type",)), why)


def _range(sizes: tuple[int, ...]) -> str:
    return f"{format_size(Bytes(sizes[0]))} to {format_size(Bytes(sizes[-1]))}"


def _sized(compute: Values) -> object:
    """On Fargate, where no memory is said, the least that it has."""
    least = least_memory(compute.get("cpu", Compute().cpu)) if compute.get("type") == "fargate" else None
    return dict(compute) if least is None else {"memory": least, **compute}


COMPUTE = Section(
    {
        "type": awsvalues.compute_type,
        "instance": awsvalues.instance,
        "cpu": whole(128, 196608, "Write 1024 for one processor, 512 for half of one."),
        "memory": awsvalues.memory,
    },
    conflicts=_sizes_of_fargate,
    finish=_sized,
)

EDGE = Section({"default_domain": checks.truth, "firewall": checks.truth})

OBSERVABILITY = Section(
    {
        "retention": awsvalues.retention,
        "alarms": awsvalues.mail_address,
        "budget": whole(1, 1_000_000, "Write US dollars a month as a plain number, such as 200."),
        "tracing": awsvalues.tracing,
    }
)
