"""Measures what events do to comfort, and how a fleet comes back from them."""
