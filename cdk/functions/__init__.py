"""The functions, each with its needs and its rights, one file a side of the house."""
