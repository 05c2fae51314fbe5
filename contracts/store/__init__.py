"""The cloud side's storage and queues: keys, items, plans, envelopes, dead letters."""
