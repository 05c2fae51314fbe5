"""Pure physics of the house and its circuits."""
