"""The cloud side: one folder a function, adapters in common."""
