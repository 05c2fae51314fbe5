"""An event's shadows, chunk by chunk, at a pace that AWS takes."""
