"""The guard: no other site, no rebound name, and off loopback no call without the token."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import FieldError
from tests.unit.page.conftest import ORIGIN, TOKEN, Caller
from tests.unit.page.test_api import BODIES, problem
from ven_twin.webkit.guard import host_allowed
from ven_twin.webkit.settings import WebSettings, read_token

SERVER = ("127.0.0.1", 8080)


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "LOCALHOST:8080", "[::1]:8080"])
async def test_this_machine_is_served(caller: Caller, host: str) -> None:
    """By each name that loopback has."""
    assert (await caller.get("/api/state", headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8080",
        "evil.example",
        "127.0.0.1",
        "127.0.0.1:80",
        "127.0.0.1.evil.example:8080",
        "localhost.evil.example:8080",
        "192.168.1.5:8080",
        "[::1]",
        "",
        "127.0.0.1:99999",
    ],
)
@pytest.mark.parametrize("path", ["/", "/live", "/api/state", "/health", "/static/kit/look.css"])
async def test_a_rebound_name_is_refused(caller: Caller, host: str, path: str) -> None:
    """A name that an attacker's DNS points to loopback is answered nothing, also not what is only read."""
    answer = await caller.get(path, headers={"host": host.encode()})  # type: ignore[dict-item]
    problem(answer, 421, "Host")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8080.evil.example",
        "[::1",
        "[[::1]:8080",
        "127.0.0.1:٨٠٨٠",
        "127.0.0.1:²",
        "127.0.0.1:-8080",
        f"127.0.0.1:{'1' * 5000}",
        f"{'a' * 5000}:8080",
        "evil.example/127.0.0.1:8080",
        "user@127.0.0.1:8080",
    ],
)
async def test_what_names_no_host_is_a_bad_request(
    caller: Caller, guarded: Caller, host: str, caplog: pytest.LogCaptureFixture
) -> None:
    """400 that names the header, and no traceback in the log. Source: RFC 9112, 3.2."""
    for page in (caller, guarded):
        answer = await page.get("/live", headers={"host": host.encode()})  # type: ignore[dict-item]
        problem(answer, 400, "Host")
    assert caplog.records == []


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(
    ("headers", "field"),
    [
        ({"origin": "http://evil.example"}, "Origin"),
        ({"origin": "null"}, "Origin"),
        ({"origin": "https://127.0.0.1:8080"}, "Origin"),
        ({"origin": "http://127.0.0.1:9000"}, "Origin"),
        ({"origin": "http://localhost:8080"}, "Origin"),
        ({"sec-fetch-site": "cross-site"}, "Sec-Fetch-Site"),
        ({"sec-fetch-site": "same-site"}, "Sec-Fetch-Site"),
    ],
)
async def test_another_site_changes_nothing(
    caller: Caller, path: str, headers: dict[str, str], field: str
) -> None:
    """403 for every call that changes something and does not come from this origin."""
    before = caller.stand.twin.snapshot().state
    problem(await caller.post(path, BODIES[path], headers=headers), 403, field)
    assert caller.stand.twin.snapshot().state == before


async def test_the_page_itself_and_a_shell_may_call(caller: Caller) -> None:
    """From this origin, typed by hand, or by curl, which sends neither header."""
    for headers in ({"origin": ORIGIN, "sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}, {}):
        assert (await caller.post("/api/opt-in", headers=headers)).status_code == 200


@pytest.mark.parametrize("path", ["/api/state", "/health", "/metrics", "/openapi.json", "/api/stream"])
@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": "Bearer wrong"}, {"authorization": TOKEN}, {"cookie": f"ven-twin={TOKEN}"}],
)
async def test_without_the_token_nothing_is_read(guarded: Caller, path: str, headers: dict[str, str]) -> None:
    """401; the token itself is no cookie either."""
    answer = await guarded.get(path, headers=headers)
    problem(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_with_the_token_everything_is_answered(guarded: Caller) -> None:
    """By the header; by any address of the machine, though by no strange name."""
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert (await guarded.get("/api/state", headers=headers)).status_code == 200
    elsewhere = {**headers, "host": "192.168.1.5:8080"}
    assert (await guarded.get("/api/state", headers=elsewhere)).status_code == 200
    problem(await guarded.get("/api/state", headers={**headers, "host": "evil.example:8080"}), 421, "Host")


async def test_live_needs_no_token(guarded: Caller) -> None:
    """The liveness probe of containers needs none."""
    assert (await guarded.get("/live")).status_code == 200


async def test_logging_in_by_the_form(guarded: Caller) -> None:
    """The page leads to the form; the right token sets a cookie that scripts and other sites do not get."""
    first = await guarded.get("/")
    assert (first.status_code, first.headers["location"]) == (303, "/login")
    assert "<form" in (await guarded.get("/login")).text
    problem(await guarded.client.post("/login", data={"token": "wrong"}), 401, "token")
    problem(await guarded.post("/login", {"token": TOKEN}), 415, "Content-Type")
    problem(
        await guarded.client.post("/login", data={"token": TOKEN}, headers={"origin": "http://evil.example"}),
        403,
        "Origin",
    )
    done = await guarded.client.post("/login", data={"token": TOKEN})
    cookie = done.headers["set-cookie"].lower()
    assert done.status_code == 303
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert TOKEN not in cookie
    assert (await guarded.get("/api/state")).status_code == 200, "the client keeps the cookie"


async def test_guessing_the_token_is_slowed_down(guarded: Caller) -> None:
    """After five wrong tokens the next is not even compared; the answer says how many seconds to wait."""
    for _ in range(5):
        problem(await guarded.client.post("/login", data={"token": "wrong"}), 401, "token")
    for token in ("wrong", TOKEN):
        refused = await guarded.client.post("/login", data={"token": token})
        problem(refused, 429)
        assert 1 <= int(refused.headers["retry-after"]) <= 5
    assert (await guarded.get("/live")).status_code == 200


async def test_guessing_by_the_header_is_slowed_down_too(guarded: Caller) -> None:
    """By its own count: a script with an old token does not keep its owner from the form."""
    for _ in range(5):
        problem(await guarded.get("/api/state", headers={"authorization": "Bearer wrong"}), 401)
    problem(await guarded.get("/api/state", headers={"authorization": f"Bearer {TOKEN}"}), 429)
    assert (await guarded.client.post("/login", data={"token": TOKEN})).status_code == 303
    assert (await guarded.get("/api/state")).status_code == 200, "a session that is open goes on"


async def test_a_page_whose_session_is_old_may_log_in_again(guarded: Caller) -> None:
    """An open page that asks again and again with an old cookie is no guess."""
    for _ in range(20):
        problem(await guarded.get("/api/state", headers={"cookie": f"ven-twin={'0' * 64}"}), 401)
    assert (await guarded.client.post("/login", data={"token": TOKEN})).status_code == 303


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.org", "::"])  # noqa: S104
def test_off_loopback_a_token_is_needed(host: str) -> None:
    """Serving the house to a network without one is refused before anything is started."""
    with pytest.raises(FieldError, match="--web-token-file") as refused:
        WebSettings(host=host)
    assert refused.value.field == "--web-host"
    assert not WebSettings(host=host, token=TOKEN).loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_loopback_needs_none(host: str) -> None:
    """Loopback is served as it is."""
    assert WebSettings(host=host).loopback


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_is_none_is_refused(port: int) -> None:
    """With the option's name."""
    with pytest.raises(FieldError, match="--port"):
        WebSettings(port=port)


def test_a_token_file_is_judged(tmp_path: Path) -> None:
    """Private, long enough, and there."""
    path = tmp_path / "token"
    with pytest.raises(FieldError, match="cannot be read"):
        read_token(path)
    path.touch(mode=0o600)
    path.write_text("short")
    with pytest.raises(FieldError, match="at least 16"):
        read_token(path)
    path.write_text(f"{TOKEN}\n")
    assert read_token(path) == TOKEN
    path.chmod(0o644)
    with pytest.raises(FieldError, match="others can read"):
        read_token(path)


def test_port_80_may_be_left_out() -> None:
    """A browser sends no port there."""
    assert host_allowed("127.0.0.1", ("127.0.0.1", 80), WebSettings())
    assert host_allowed("[::1]", ("::1", 80), WebSettings())
    assert not host_allowed("127.0.0.1", SERVER, WebSettings())
