"""The sizes of tasks that Fargate has: so much memory beside so many units of CPU. Pure.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
"""

from evenly.manifest.types import MEBIBYTE, Bytes

GIBIBYTE = 1024 * MEBIBYTE

MEMORY: dict[int, tuple[int, ...]] = {
    256: (512 * MEBIBYTE, GIBIBYTE, 2 * GIBIBYTE),
    512: tuple(GIBIBYTE * it for it in range(1, 5)),
    1024: tuple(GIBIBYTE * it for it in range(2, 9)),
    2048: tuple(GIBIBYTE * it for it in range(4, 17)),
    4096: tuple(GIBIBYTE * it for it in range(8, 31)),
    8192: tuple(GIBIBYTE * it for it in range(16, 61, 4)),
    16384: tuple(GIBIBYTE * it for it in range(32, 121, 8)),
    32768: (60 * GIBIBYTE, 120 * GIBIBYTE, 244 * GIBIBYTE),
}


def least_memory(cpu: int) -> Bytes | None:
    """The least beside so many units of CPU; `None` where it has none of that size."""
    sizes = MEMORY.get(cpu)
    return Bytes(sizes[0]) if sizes else None


def nearest_cpu(cpu: int) -> int:
    return min(MEMORY, key=lambda it: abs(it - cpu))


def nearest_memory(cpu: int, memory: int) -> Bytes:
    """The size nearest to `memory` that there is beside `cpu`, which there has to be."""
    return Bytes(min(MEMORY[cpu], key=lambda it: abs(it - memory)))
