"""The operator's tools: the aggregator, the fleet, reports of events."""
