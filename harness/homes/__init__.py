"""Measures how homes differ, beside what is measured elsewhere."""
