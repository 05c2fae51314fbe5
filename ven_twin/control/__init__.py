"""What a VEN decides: events, shedding, offers, release, opt-out. Pure."""
