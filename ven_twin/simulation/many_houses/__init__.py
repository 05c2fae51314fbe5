"""Many houses of one profile, stepped together in arrays. Needs numpy, which a VEN does not."""
