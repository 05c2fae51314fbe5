"""A VTN in a local cloud under the polls of many VENs: answers, round trips, reads of the table."""
