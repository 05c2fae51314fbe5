"""``python -m ven_twin.cli``."""

from ven_twin.cli.app import main

main()
