"""DR events: created, allocated over the fleet, cancelled."""
