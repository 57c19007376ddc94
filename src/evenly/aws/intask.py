"""What a task's definition and the programs of ours in it have in common: names, and how long. Pure."""

LAUNCHER = ("python", "-m", "evenly.aws.launching")
# What is only known in the task; the launcher finds it out, for the environment and for arguments.
LATE = ("EVENLY_INSTANCE_ID", "EVENLY_TASK_ID", "EVENLY_ZONE", "TLS_CERTIFICATE", "TLS_KEY")
# Of the migration task:

COMMAND = ("python", "-m", "evenly.aws.migrating")
FOLDER = "EVENLY_MIGRATIONS"  # the folder, relative to where the image starts
PACKAGE = "EVENLY_MIGRATIONS_PACKAGE"  # or the Python package that brings one
DIGEST = "EVENLY_MIGRATIONS_DIGEST"  # which migrations they have to be
EXECUTION = "EVENLY_EXECUTION"  # the run of the door that it is of
LIMIT_S = 3600
