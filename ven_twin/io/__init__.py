"""The edges of the VEN: MQTT, files, clock."""
