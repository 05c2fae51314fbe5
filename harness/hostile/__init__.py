"""Messages of a hostile VEN by the million, beside those of another."""
