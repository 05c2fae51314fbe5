"""The house: physics, weather and occupants. Pure."""
