"""How good the baselines are, on homes whose uncurtailed load is known: ``make baselines``."""
