"""The cloud side as an operator calls it: one protocol, by the HTTP API or by tables and functions."""
