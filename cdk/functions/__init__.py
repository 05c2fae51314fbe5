"""The functions, each with its environment and its rights, one file a side of the house."""
