"""Many twins in one process, beside as many plain gmqtt sessions: connected, at rest, in an event."""
