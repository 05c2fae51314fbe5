"""The physics against GridLAB-D, an established simulator of houses."""
