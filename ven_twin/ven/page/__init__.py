"""The VEN's own page, its local API and its health, served by the VEN's process on loopback."""
