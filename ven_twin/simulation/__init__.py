"""A house lived through offline: days in seconds, the same trace for the same seed."""
