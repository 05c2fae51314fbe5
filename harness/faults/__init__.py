"""Faults on purpose, and an oracle that counts what came of them: ``make faults``."""
