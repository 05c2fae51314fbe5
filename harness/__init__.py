"""Programs that measure: run by make, and no part of what is deployed."""
