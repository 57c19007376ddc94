"""What runs within AWS and not on MiniStack: it has no hosts, which would say that they are configured, and no
containers, in which migrations would run. Whoever waits for them there is told by these, while a command runs."""

import runpy
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from botocore.exceptions import ClientError

from evenly.aws import playbook

EVERY_S = 0.1
KIND = "AWS::CloudFormation::WaitCondition"
SIGNALLING = runpy.run_path(str(playbook.FOLDER / "signalling.py"))
HOSTS = ("i-00000000000000001", "i-00000000000000002")  # one a zone


@contextmanager
def at_work(prefix: str, client: Callable[[str], Any], region: str) -> Iterator[None]:
    """`prefix`: of all names of the environment. `client`: of a service, in its region."""
    over = threading.Event()
    formation, ecs = client("cloudformation"), client("ecs")

    def work() -> None:
        while not over.wait(EVERY_S):
            with suppress(ClientError):  # nothing of it is there yet
                _end_tasks(ecs, f"{prefix}-door")
            with suppress(ClientError):
                _signal(formation, client, f"{prefix}-service", region)

    working = threading.Thread(target=work, daemon=True)
    working.start()
    try:
        yield
    finally:
        over.set()
        working.join()


def _end_tasks(ecs: Any, cluster: str) -> None:
    """The migrations' task is ended as soon as it is there, which is taken for its end."""
    for task in ecs.list_tasks(cluster=cluster, desiredStatus="RUNNING")["taskArns"]:
        ecs.stop_task(cluster=cluster, task=task)


def _signal(formation: Any, client: Callable[[str], Any], stack: str, region: str) -> None:
    """Each host says of each step that it is done, by the program that says so on a host."""
    for condition in _waiting(formation.describe_stack_events(StackName=stack)["StackEvents"]):
        for host in HOSTS:
            settings = {"stack": stack, "region": region}
            signals = SIGNALLING["Signals"](settings, host, lambda service, **_: client(service))
            signals.tell(condition, True)


def _waiting(events: Sequence[Mapping[str, Any]]) -> list[str]:
    """The conditions of which no end was told yet. `events`: the newest first."""
    latest = {
        it["LogicalResourceId"]: it["ResourceStatus"] for it in reversed(events) if it["ResourceType"] == KIND
    }
    return [name for name, status in latest.items() if status == "CREATE_IN_PROGRESS"]
