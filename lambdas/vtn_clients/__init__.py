"""The VTN's clients: made, listed, their secrets rotated, their scopes changed, removed."""
