"""A typical year of weather, and the sun."""
