"""Homes that differ as homes do: drawn from distributions, one or a neighbourhood of them."""
