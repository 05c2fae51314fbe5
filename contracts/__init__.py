"""The wire: what the cloud side and the VEN say to each other, computed alike at both ends."""
