"""The VEN: what it decides by, and the loop that carries it out."""
