"""Presence, acks and reported state of the VENs."""
