"""What an event delivered, for people: in a terminal, as a page, as a table."""
