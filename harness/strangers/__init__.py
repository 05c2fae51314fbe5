"""VENs in the older shapes against the local cloud, for minutes."""
