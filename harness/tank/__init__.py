"""The water heater's shed and energy beside OCHRE's tank of twelve nodes."""
