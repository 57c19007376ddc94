"""Which hosts an environment can run on, and how many it takes: judged by the table of what each type has."""

import pytest
from tests.unit.aws.securityworld import environment
from tests.unit.aws.serviceworld import FARGATE, topology

from evenly.aws.instances import (
    LEAST_INTERFACES,
    MOST_SHARE,
    architecture_of,
    instance_types,
    most_hosts,
    processors_of,
    tasks_on,
    unfit,
)
from evenly.aws.stacks.catalogue import templates
from evenly.manifest.types import MEBIBYTE, Bytes, Compute, Count, Job, Worker


def of(instance: str, **more: object) -> Compute:
    return Compute(instance=instance, **more)  # type: ignore[arg-type]


def test_the_table_is_whole() -> None:
    types = instance_types()
    assert len(types) > 1000
    for it in types.values():
        assert it.processors > 0
        assert it.memory > 0
        assert 1 <= it.interfaces <= 200
    # From EC2's own documentation, each looked up by itself.
    known = {
        "t3.micro": (2, 1024, 2),
        "t3.small": (2, 2048, 3),
        "t4g.small": (2, 2048, 3),
        "m5.large": (2, 8192, 3),
        "c5.4xlarge": (16, 32768, 8),
    }
    for name, (processors, memory, interfaces) in known.items():
        it = types[name]
        assert (it.processors, it.memory, it.interfaces) == (processors, memory, interfaces), name


def test_every_type_with_fewer_than_three_interfaces_is_refused_and_no_other_for_that() -> None:
    for name, it in instance_types().items():
        said = [found.what for found in unfit(topology(compute=of(name, cpu=1, memory=Bytes(MEBIBYTE))))]
        refused = any("network interfaces" in what for what in said)
        assert refused is (it.interfaces < LEAST_INTERFACES), name


def test_a_micro_holds_one_task_and_is_refused_with_what_to_take() -> None:
    (found,) = unfit(topology(compute=of("t3.micro", memory=Bytes(400 * MEBIBYTE))))
    assert found.where == "compute.instance"
    assert "t3.micro has 2 network interfaces" in found.what
    assert "t3.small" in found.try_


def test_the_default_fits() -> None:
    assert unfit(topology()) == ()


def test_a_type_that_is_in_no_table_is_told() -> None:
    (found,) = unfit(topology(compute=of("z9.huge")))
    assert "z9.huge" in found.what


def test_two_tasks_have_to_fit_on_a_host() -> None:
    small = instance_types()["t3.small"]
    most_cpu, most_memory = int(MOST_SHARE * small.units), int(MOST_SHARE * small.memory)
    fits = of("t3.small", cpu=most_cpu, memory=Bytes(most_memory * MEBIBYTE))
    assert unfit(topology(compute=fits)) == ()
    assert tasks_on(small, fits) == 2
    (too_much_cpu,) = unfit(topology(compute=of("t3.small", cpu=most_cpu + 1)))
    (too_much_memory,) = unfit(topology(compute=of("t3.small", memory=Bytes((most_memory + 1) * MEBIBYTE))))
    assert (too_much_cpu.where, too_much_memory.where) == ("compute.cpu", "compute.memory")
    assert f"{most_cpu} units" in too_much_cpu.try_
    assert f"{most_memory} MiB" in too_much_memory.try_


def test_fargate_has_no_hosts_that_could_be_unfit() -> None:
    assert unfit(topology(compute=FARGATE)) == ()
    assert architecture_of(topology(compute=FARGATE)) == "x86_64"
    assert architecture_of(topology(compute=of("t4g.small"))) == "arm64"


@pytest.mark.parametrize(
    ("instance", "cpu", "memory", "tasks"),
    [
        ("t3.small", 512, 512, 2),  # three interfaces, one of them the host's
        ("m5.4xlarge", 512, 512, 7),  # eight
        ("m5.large", 1024, 512, 2),  # two processors
        ("m5.large", 256, 6000, 1),  # memory, of which the host keeps a tenth
    ],
)
def test_how_many_tasks_a_host_takes(instance: str, cpu: int, memory: int, tasks: int) -> None:
    compute = Compute(instance=instance, cpu=cpu, memory=Bytes(memory * MEBIBYTE))
    assert tasks_on(instance_types()[instance], compute) == tasks


@pytest.mark.parametrize(("count", "zones"), [(1, 2), (2, 2), (2, 3), (8, 2), (40, 3)])
def test_there_is_room_for_a_release_beside_the_old_one_and_a_zone_to_spare(count: int, zones: int) -> None:
    it = topology(
        count=Count(minimum=1, maximum=count),
        zones=zones,
        workers={"mailer": Worker(command=("mail",), count=3)},
        jobs={"tidy": Job(command=("tidy",), schedule="0 0 * * *")},
    )
    hosts = most_hosts(it)
    each = tasks_on(instance_types()["t3.small"], it.compute)
    assert hosts % zones == 0
    assert (hosts - zones) * each >= 2 * count + 2 * 3 + 1 + 1
    assert hosts >= 2 * zones  # while hosts are replaced one by one, none is missing


@pytest.mark.parametrize(
    ("instance", "wanted"), [("t3.small", "X86_64"), ("t4g.small", "ARM64"), ("a1.large", "ARM64")]
)
def test_every_task_of_an_environment_is_for_the_processors_that_its_image_is_built_for(
    instance: str, wanted: str
) -> None:
    there = environment(compute=of(instance))
    assert processors_of(there) == wanted
    found = {
        it["Properties"]["RuntimePlatform"]["CpuArchitecture"]
        for template in templates(there).values()
        for it in template.to_dict()["Resources"].values()
        if it["Type"] == "AWS::ECS::TaskDefinition"
    }
    assert found == {wanted}
