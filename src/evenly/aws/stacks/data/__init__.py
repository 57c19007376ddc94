"""The data: the database, its credentials, its name, and the door for its migrations. Pure.

An environment without a database of its own has no such stack.
"""

from troposphere import Ref, Template

from evenly.aws.stacks.common import Stack
from evenly.aws.stacks.data.credentials import add_rotation, add_secrets, owner_password
from evenly.aws.stacks.data.database import add_database
from evenly.aws.stacks.data.door import add_door
from evenly.aws.stacks.data.migration import add_migration
from evenly.aws.topology import AwsTopology

CONCERN = "data"


def wanted(topology: AwsTopology) -> bool:
    return topology.own_database is not None


def template(topology: AwsTopology) -> Template:
    """Raises ValueError for an environment without a database of its own."""
    database = topology.own_database
    if database is None:
        raise ValueError(f"{topology.names.prefix} has no database of its own")
    stack = Stack(topology, CONCERN, "the database, its credentials, and the door for its migrations")
    add_secrets(stack)
    instance = add_database(stack, database, owner_password())
    add_rotation(stack, instance)
    door = add_door(stack, add_migration(stack, instance))
    stack.output("DatabaseSecretArn", Ref("AppSecret"), "The secret that the app finds the database by")
    stack.output("DatabaseIdentifier", Ref(instance), "The database as RDS names it")
    stack.output("PrivateZoneId", Ref("PrivateZone"), "The zone of names that the network alone sees")
    stack.output("DoorArn", Ref(door), "The state machine that runs the migrations")
    return stack.finished()
