"""`python -m evenly`."""

from evenly.cli.main import main

main()
