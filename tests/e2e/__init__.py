"""End to end: the whole system on loopback."""
