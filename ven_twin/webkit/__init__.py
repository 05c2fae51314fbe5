"""The common base of both pages: server, guard, formatting, static files."""
