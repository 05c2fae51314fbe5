"""The digital-twin VEN: a house behind an MQTT session, driven by its device shadow."""

from ven_twin.installation import add_packages

add_packages()
