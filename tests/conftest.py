"""What holds for every test."""

pytest_plugins = ["tests.support.leak_watch", "tests.resource_watch", "tests.support.skip_watch"]
