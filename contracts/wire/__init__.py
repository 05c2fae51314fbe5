"""Messages between the cloud side and the VEN, computed alike at both ends."""
