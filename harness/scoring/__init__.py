"""The accuracy of the baselines, on homes whose uncurtailed load is known: ``make baselines``."""
