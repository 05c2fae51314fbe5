"""Adapters between the functions and AWS, named by what they are."""
