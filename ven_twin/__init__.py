"""The digital-twin VEN: a house behind an MQTT session, driven by its device shadow."""

from ven_twin.installation import find_parts

find_parts()
