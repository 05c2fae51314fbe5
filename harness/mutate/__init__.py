"""Mutation sample: small faults put into the code one at a time, and the tests that notice them.

The mutator is the project's own. cosmic-ray and mutmut can be used as libraries, but they bring some twenty
packages (SQLAlchemy, aiohttp, textual), and neither removes a call or a guard, swaps min and max, or returns
None.
"""
