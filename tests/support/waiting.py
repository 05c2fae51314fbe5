"""The one limit of every wait in the tests that stand on processes, sockets and browsers."""

GIVE_UP_S = 180.0
"""Where a wait ends that would never end. No requirement: a busy machine takes its time."""
GIVE_UP_MS = 1000 * GIVE_UP_S
"""The same for Playwright, which counts milliseconds."""
