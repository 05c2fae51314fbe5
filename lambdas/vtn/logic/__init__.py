"""Calls, problems, privacy, filters, ends of events and answers of the VTN. Pure."""
