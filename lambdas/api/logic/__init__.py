"""Calls, routes, cursors, etags, problems and responses of the API. Pure."""
