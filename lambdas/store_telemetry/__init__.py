"""The VENs' telemetry, into its table."""
