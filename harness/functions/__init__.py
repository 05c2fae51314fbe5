"""The functions' worst documented loads, run as Lambda would start them, and the processor time of each."""
