"""Settlement: the power that an event delivered, by each baseline."""
