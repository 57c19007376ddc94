"""CPU seconds of real programs: theirs, and those of what they have started."""

import subprocess
import sys
import time

from evenly.local.usage import cpu_seconds

# Burns 0.3 s of CPU in a child, says so, and waits until nobody wants it any more.
PARENT = """import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", '''import sys, time
while time.process_time() < 0.3: pass
print("burnt", flush=True)
sys.stdin.read()'''], stdin=sys.stdin)
child.wait()
"""


def test_the_whole_session_counts_and_nothing_else() -> None:
    busy, idle = (
        subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        for program in (PARENT, "print('burnt', flush=True); input()")
    )
    with busy, idle:
        assert busy.stdout and idle.stdout and busy.stdin and idle.stdin
        assert busy.stdout.readline() == idle.stdout.readline() == b"burnt\n"
        used = cpu_seconds({"busy": busy.pid, "idle": idle.pid, "gone": 2**30})
        assert used.keys() == {"busy", "idle"}
        assert 0.29 <= used["busy"] < 3
        assert used["idle"] < used["busy"]
        busy.stdin.close()
        idle.stdin.write(b"\n")
        idle.stdin.close()


def test_a_look_costs_little() -> None:
    cpu_seconds({})
    began = time.process_time()
    for _ in range(10):
        cpu_seconds({})
    assert (time.process_time() - began) / 10 < 0.02
