"""What holds for every test."""

import os

# Read when a function's modules are imported, by whichever test is first.
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "VenTwin")
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "test")

# Read when numpy is imported: on matrices as small as these, threads wait for one another most of their time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

pytest_plugins = [
    "tests.support.leak_watch",
    "tests.support.resource_watch",
    "tests.support.schedule",
    "tests.support.skip_watch",
    "tests.support.workers",
]
