"""What both pages stand on: server, guard, static files."""
