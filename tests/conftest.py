"""What holds for every test."""

pytest_plugins = [
    "tests.support.leak_watch",
    "tests.support.resource_watch",
    "tests.support.schedule",
    "tests.support.skip_watch",
]
