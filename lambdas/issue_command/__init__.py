"""One immediate operation to one VEN."""
