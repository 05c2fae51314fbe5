"""What the cloud side and the VEN exchange, computed alike at both ends."""
