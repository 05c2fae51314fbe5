"""The decisions of a VEN: events, shedding, offers, release, opt-out. Pure."""
