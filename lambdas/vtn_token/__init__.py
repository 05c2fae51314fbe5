"""Tokens of the VTN's clients, and the public key by which others can check them."""
