"""Who is online, who answered, what they report."""
