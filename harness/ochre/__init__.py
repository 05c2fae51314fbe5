"""OCHRE, in an environment of its own: the reference of the water heater and of a house to fit."""
