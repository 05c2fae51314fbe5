"""The stack: one construct a file. It names the functions by string and never imports them."""
