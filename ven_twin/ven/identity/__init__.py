"""The VEN's certificate and key: as files, by claim, and renewed while it runs."""
