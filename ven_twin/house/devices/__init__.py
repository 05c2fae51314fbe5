"""The devices on the house's circuits, one a file."""
