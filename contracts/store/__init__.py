"""What the cloud side stores and hands on: keys, items, plans, envelopes, dead letters."""
