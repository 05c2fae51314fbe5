"""Reports of events for people: in a terminal, as a page, as a table."""
