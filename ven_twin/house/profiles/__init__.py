"""Packaged house profiles: which circuits a house has, and every parameter with its unit."""
