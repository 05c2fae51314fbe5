"""The VENs of the stack: the twin is the first of them, the others are for VENs of one's own."""

import pytest


@pytest.fixture(scope="session")
def local_cloud_vens():
    """Certificates and things for these are made."""
    return ["ven-1", "my-ven"]
