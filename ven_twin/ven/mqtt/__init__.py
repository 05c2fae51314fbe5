"""The VEN's MQTT session, and the shadow that it keeps in step."""
