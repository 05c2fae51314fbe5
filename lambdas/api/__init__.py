"""The HTTP API: VENs, telemetry, commands, events and reports for programs."""
