"""The VEN's own page, its local API and its health, served by the twin's process on loopback."""
