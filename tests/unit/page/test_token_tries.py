"""Wrong tokens are limited by source and in all, and whoever has the token is not kept out for long."""

from __future__ import annotations

import pytest

from ven_twin.webkit.token_tries import ALL_TRIES, SOURCE_TRIES, SOURCES_MAX, TokenTries, source_of


class Clock:
    """A steady clock that a test sets."""

    now_s = 100.0

    def __call__(self) -> float:
        """The time now, s."""
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    """The clock that the limit goes by."""
    return Clock()


@pytest.fixture
def tries(clock: Clock) -> TokenTries:
    """A limit that nobody has met yet."""
    return TokenTries(clock)


def test_a_source_has_five_tries_and_then_one_each_five_seconds(tries: TokenTries, clock: Clock) -> None:
    """The sixth waits 5 s, and so does each after it; unused tries come back, but never more than five."""
    for _ in range(SOURCE_TRIES):
        assert tries.wait_s("a") == 0.0
        tries.failed("a")
    assert tries.wait_s("a") == 5.0
    clock.now_s += 2.0
    assert tries.wait_s("a") == pytest.approx(3.0)
    clock.now_s += 3.0
    assert tries.wait_s("a") == 0.0
    tries.failed("a")
    assert tries.wait_s("a") == pytest.approx(5.0)
    clock.now_s += 3600.0
    for _ in range(SOURCE_TRIES):
        tries.failed("a")
    assert tries.wait_s("a") > 0.0


def test_one_source_does_not_hold_up_another(tries: TokenTries) -> None:
    """Whoever guesses waits alone."""
    for _ in range(SOURCE_TRIES):
        tries.failed("a")
    assert (tries.wait_s("a"), tries.wait_s("b")) == (5.0, 0.0)


def test_many_sources_are_held_up_together_and_briefly(tries: TokenTries, clock: Clock) -> None:
    """After fifty wrong ones a new source waits half a second; one that has logged in does not."""
    tries.succeeded("operator")
    for source in range(ALL_TRIES):
        tries.failed(f"s{source}")
    assert tries.wait_s("new") == 0.5
    assert tries.wait_s("operator") == 0.0
    clock.now_s += 0.5
    assert tries.wait_s("new") == 0.0


def test_a_source_that_logged_in_is_limited_by_its_own_tries(tries: TokenTries) -> None:
    """Trust is no licence to guess."""
    tries.succeeded("a")
    for _ in range(SOURCE_TRIES):
        tries.failed("a")
    assert tries.wait_s("a") == 5.0


def test_the_memory_of_sources_is_bounded(tries: TokenTries) -> None:
    """A visitor with a million addresses fills nothing."""
    for source in range(3 * SOURCES_MAX):
        tries.failed(f"s{source}")
        tries.succeeded(f"s{source}")
    assert (len(tries._sources), len(tries._trusted)) == (SOURCES_MAX, 64)


@pytest.mark.parametrize(
    ("client", "source"),
    [
        (("192.0.2.7", 1), "form 192.0.2.7"),
        (("2001:db8:1:2:3::4", 1), "form 2001:db8:1:2::/64"),
        (("2001:db8:1:2:ffff::9", 2), "form 2001:db8:1:2::/64"),
        (("::ffff:192.0.2.7", 1), "form 192.0.2.7"),
        (("fe80::1%eth0", 1), "form fe80::/64"),
        (("testclient", 1), "form testclient"),
        (None, "form "),
    ],
)
def test_a_site_is_one_source(client: tuple[str, int] | None, source: str) -> None:
    """An IPv6 network of one site counts as one: else each address would have tries of its own."""
    assert source_of(client, "form") == source
