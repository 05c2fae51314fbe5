"""Has the events of the VTN dispatched to the stage's own VENs."""
