"""A house's parameters from what its meter and thermometer measured: identification, its check, its page."""
