"""The pictures of both pages that the docs show."""
