"""What holds for every test."""

pytest_plugins = ["tests.leak_watch", "tests.resource_watch", "tests.skip_watch"]
