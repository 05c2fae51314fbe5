"""A stack's life under AWS's bad weather: deployed, changed, destroyed, and nothing left."""
