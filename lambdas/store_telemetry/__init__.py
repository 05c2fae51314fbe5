"""What the VENs measure, into the telemetry table."""
