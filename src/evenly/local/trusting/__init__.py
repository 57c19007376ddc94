"""What makes browsers and other programs of this machine trust an environment's authority, and how to undo it.

stores     where trust is kept on this system: found, not touched
commands   the commands that add an authority to a store or take it away: pure
doing      what is there, what is missing, and the one place that runs a command
"""
