"""The operator's view of the fleet: on a page, and on one terminal screen."""
