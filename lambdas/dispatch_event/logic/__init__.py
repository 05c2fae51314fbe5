"""Dispatch as arithmetic: eligibility, calls, plans, rebalancing. Sans-IO."""
