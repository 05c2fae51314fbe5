"""Whatever becomes of the page's server, the twin goes on; and it ends when the twin does."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser_world import until
from tests.support.mosquitto import free_port
from tests.support.waiting import GIVE_UP_S
from ven_twin.testing.pki import Authority
from ven_twin.ven.identity import identity_files
from ven_twin.ven.page.app import ADDRESS_FILE, serving
from ven_twin.ven.runtime import Twin
from ven_twin.ven.settings import TwinSettings
from ven_twin.webkit.guard import Guard
from ven_twin.webkit.hosting import NoPortError, hosted
from ven_twin.webkit.settings import PORTS_TRIED, WebSettings


@pytest.fixture
async def twin(tmp_path: Path) -> AsyncIterator[Twin]:
    """A twin that runs, with no broker to be found."""
    Authority().identity(tmp_path / "tls")
    settings = TwinSettings(ven_id="ven-1", endpoint="localhost", port=free_port(), state_dir=tmp_path)
    twin = Twin.open(settings, identity_files.load(tmp_path / "tls"))
    running = asyncio.create_task(twin.run())
    yield twin
    twin.stop()
    await running


@contextmanager
def occupied() -> Iterator[int]:
    """A port that something else listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield int(other.getsockname()[1])


async def ask(url: str, **options: Any) -> tuple[int, dict[str, Any]]:
    """Status and JSON of an answer."""

    def call() -> tuple[int, dict[str, Any]]:
        request = urllib.request.Request(url, **options)  # noqa: S310 - of the page
        try:
            with urllib.request.urlopen(request, timeout=GIVE_UP_S) as answer:  # noqa: S310
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    return await asyncio.to_thread(call)


async def test_the_page_is_served_beside_the_twin(twin: Twin, tmp_path: Path) -> None:
    """Any free port by 0; the address stands in the twin's folder for as long as it is served."""
    async with serving(twin, WebSettings(port=0), tmp_path) as url:
        assert url == (tmp_path / ADDRESS_FILE).read_text()
        assert (await ask(f"{url}/live"))[0] == 200
        status, health = await ask(f"{url}/health")
        assert status == 503
        assert health["certificateDaysLeft"] == pytest.approx(1, abs=0.1)
    assert not (tmp_path / ADDRESS_FILE).exists()


async def test_a_port_in_use_leaves_the_twin_running(
    twin: Twin, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One line names the option; there is no page, and the twin does not notice."""
    with occupied() as port:
        async with serving(twin, WebSettings(port=port), tmp_path) as url:
            assert url is None
    (output,) = [record.getMessage() for record in caplog.records if "no page" in record.getMessage()]
    assert str(port) in output
    assert "--port" in output
    assert not (tmp_path / ADDRESS_FILE).exists()


async def test_a_page_that_is_all_there_is_to_serve_ends_in_one_line() -> None:
    """The operator's page is the command: where its port is taken the error has place, reason and option."""

    def never_made() -> Guard:
        raise AssertionError

    with occupied() as port, pytest.raises(NoPortError) as refused:
        async with hosted(never_made, WebSettings(port=port), lambda: None, must=True):
            pass
    words = f"127.0.0.1 port {port}: Address already in use; --port gives another, 0 any that is free"
    assert str(refused.value) == words


async def test_the_next_port_serves_where_none_is_set(twin: Twin, tmp_path: Path) -> None:
    """Many twins on one machine each find a port."""
    with occupied() as port:
        async with serving(twin, WebSettings(usual_port=port), tmp_path) as url:
            assert url is not None
            assert port < int(url.rpartition(":")[2]) < port + PORTS_TRIED


async def test_a_page_that_is_open_does_not_keep_the_twin(twin: Twin, tmp_path: Path) -> None:
    """The stream ends when the server does, at once."""
    async with serving(twin, WebSettings(port=0), tmp_path) as url:
        assert url is not None
        port = int(url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"200 OK" in head
        assert b"text/event-stream" in head
        first = json.loads((await reader.readuntil(b"\n\n")).split(b"data: ")[1])
        assert first["ven"]["venId"] == "ven-1"
    await asyncio.wait_for(reader.read(), GIVE_UP_S)
    writer.close()


async def test_curl_reads_the_problem(twin: Twin, tmp_path: Path) -> None:
    """Over a real socket as in process: a problem that names the field."""
    async with serving(twin, WebSettings(port=0), tmp_path) as url:
        done = await asyncio.create_subprocess_exec(
            *("curl", "-s", "-X", "POST", f"{url}/api/events"),
            *("-H", "content-type: application/json", "-d", '{"kw": 0, "durationS": 5}'),
            stdout=subprocess.PIPE,
        )
        problem = json.loads((await done.communicate())[0])
        assert (problem["status"], problem["field"]) == (400, "kw")


async def test_off_loopback_without_a_token_nothing_starts(tmp_path: Path) -> None:
    """The command refuses, and names the option that it needs."""
    Authority().identity(tmp_path / "tls")
    done = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ven_twin.cli", "run", "ven-1", "--certs", str(tmp_path / "tls")),
        *("--endpoint", "localhost", "--state", str(tmp_path), "--web-host", "0.0.0.0"),  # noqa: S104
        stderr=subprocess.PIPE,
    )
    _, output = await done.communicate()
    assert done.returncode not in {0, None}
    assert b"--web-token-file" in output
    assert b"Traceback" not in output


async def test_the_command_serves_the_page_and_ends_it(tmp_path: Path) -> None:
    """``ven-twin run`` says where the page is; SIGTERM ends both in order."""
    Authority().identity(tmp_path / "tls")
    run = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ven_twin.cli", "run", "ven-1", "--certs", str(tmp_path / "tls")),
        *(
            "--endpoint",
            "localhost",
            "--mqtt-port",
            str(free_port()),
            "--state",
            str(tmp_path),
            "--port",
            "0",
        ),
        stderr=subprocess.PIPE,
    )
    await until((tmp_path / ADDRESS_FILE).exists, "the page")
    assert (await ask(f"{(tmp_path / ADDRESS_FILE).read_text()}/live"))[0] == 200
    run.send_signal(signal.SIGTERM)
    _, output = await asyncio.wait_for(run.communicate(), GIVE_UP_S)
    assert run.returncode == 0
    assert b"page: http://127.0.0.1:" in output
