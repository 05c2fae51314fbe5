"""Fixtures for pytest: a local cloud, a VEN in it, DR events that are followed to their report.

They come with the package as a plugin, which does nothing until a test asks for one of them.
docs/guides/test-with-pytest.md shows how.
"""
