"""What an operator uses: the aggregator, the fleet, reports of events."""
