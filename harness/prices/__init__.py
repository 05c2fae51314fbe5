"""A VEN's month and the stack's on AWS, in quantities and dollars, as docs/reference/prices.md has them."""
