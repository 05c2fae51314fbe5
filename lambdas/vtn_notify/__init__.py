"""Finds whom to tell of a change of the VTN's objects, and queues a delivery for each callback."""
