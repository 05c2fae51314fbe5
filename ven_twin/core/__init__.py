"""Pure decisions of the VEN: events, shedding, settings. No input or output."""
