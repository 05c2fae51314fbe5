"""Programs that measure: faults, bench, scoring, soak, pictures. Run by make."""
