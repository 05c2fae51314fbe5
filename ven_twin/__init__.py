"""The digital-twin VEN: a house behind an MQTT session, driven by its device shadow."""
