"""A twin that is left alone for an hour: ``make soak``."""
