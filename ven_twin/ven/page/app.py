"""The application that serves one twin's page and API."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from contracts.wire import codec
from contracts.wire.units import S_PER_DAY
from ven_twin.ven.errors import IdentityInvalidError
from ven_twin.ven.identity.validity import valid_until_ts
from ven_twin.ven.page import day_sums, health
from ven_twin.ven.page.broadcaster import Broadcaster
from ven_twin.ven.page.calls import VenCalls
from ven_twin.ven.page.day_sums import DaySums
from ven_twin.ven.page.health import metrics
from ven_twin.ven.page.power_history import APART_S, SPAN_S, PowerHistory
from ven_twin.ven.page.presenter import power_view, ven_view
from ven_twin.ven.page.routes import HISTORY_QUERY, ROUTES, PageRoute, document
from ven_twin.ven.page.ven_history import CSV_TOTAL, TOTAL, Shown, VenHistory, circuit_ids_of
from ven_twin.ven.page.ven_rules import ven_rules
from ven_twin.ven.page.view import VenView
from ven_twin.ven.runtime import Twin
from ven_twin.ven.storage.power_store import PowerStore
from ven_twin.webkit import answers, guard, time_series
from ven_twin.webkit.answers import EVENT_STREAM, NO_STORE, Endpoint, as_json
from ven_twin.webkit.formatting import zone_named
from ven_twin.webkit.hosting import hosted
from ven_twin.webkit.listeners import FullError
from ven_twin.webkit.problems import PageProblemError
from ven_twin.webkit.settings import WebSettings
from ven_twin.webkit.static_files import static_files
from ven_twin.webkit.time_series import TimeMean, TimeWindow

FOLDER = Path(__file__).parent / "static"
HISTORY_FILE = "history.sqlite"
"""The file in the twin's folder with its history of power."""
SHOWN: tuple[Shown, ...] = ("total", "circuits")

logger = logging.getLogger(__name__)


class Page:
    """The VEN's page: a method for every operation of `ROUTES` that is no mere call, and the open pages."""

    def __init__(self, twin: Twin, settings: WebSettings) -> None:
        self._twin = twin
        self._settings = settings
        self._calls = VenCalls(twin)
        self._files = static_files(FOLDER)
        snapshot = twin.snapshot()
        self._tariff = snapshot.tariff
        self.history = VenHistory(PowerHistory(), PowerStore(snapshot.settings.state_dir / HISTORY_FILE))
        self.broadcaster = Broadcaster(self._encoded)
        twin.watch(self._on_tick)

    def application(self) -> guard.Guard:
        """The ASGI application."""
        paths: dict[str, dict[str, Endpoint]] = {}
        for route in ROUTES:
            paths.setdefault(route.path, {})[route.method] = self._endpoint(route)
        paths["/static/{path:path}"] = {"GET": self._static}
        if self._settings.token is not None:
            paths["/login"] = {"GET": self._login_form, "POST": self._login}
        app = answers.application(paths, failed="the VEN could not answer; its log says why")
        self._guard = guard.Guard(app, self._settings, answers.problem)
        return self._guard

    def _on_tick(self) -> None:
        """Show the VEN after a tick. Never raises: the twin goes on without a page."""
        try:
            snapshot = self._twin.snapshot()
            self.history.add(snapshot, power_view(snapshot))
            self.broadcaster.notify()
        except Exception:
            logger.exception("the VEN's state could not be sent to the page")

    def _encoded(self) -> tuple[VenView, bytes]:
        view = ven_view(self._twin.snapshot())
        return view, b"data: " + codec.encode(view) + b"\n\n"

    def _endpoint(self, route: PageRoute) -> Endpoint:
        method: Endpoint | None = getattr(self, f"_{_snake(route.operation)}", None)
        if method is not None:
            return method
        call: Callable[..., Any] = getattr(self._calls, _snake(route.operation))

        async def answer(request: Request) -> Response:
            body = [] if route.body is None else [await answers.body(request, route.body)]
            return as_json(call(*body, *request.path_params.values()), route.status)

        return answer

    async def _page(self, request: Request) -> Response:
        return self._file("index.html", request)

    async def _static(self, request: Request) -> Response:
        return self._file(request.path_params["path"], request)

    def _file(self, name: str, request: Request) -> Response:
        return answers.file(self._files.get(name), request)

    async def _live(self, _: Request) -> Response:
        live = health.live(self._twin.snapshot())
        return as_json(live, 200 if live.alive else 503)

    async def _health(self, _: Request) -> Response:
        current = self._current_health()
        return as_json(current, 200 if current.answers_events else 503)

    def _current_health(self) -> health.Health:
        snapshot = self._twin.snapshot()
        try:
            until_ts = None if snapshot.certificate is None else valid_until_ts(snapshot.certificate)
        except IdentityInvalidError:
            until_ts = None
        return health.health(snapshot, until_ts)

    async def _metrics(self, _: Request) -> Response:
        connects = self._twin.status.connects
        text = metrics(
            self._calls.state(),
            self._current_health(),
            connects=connects,
            open_pages=self.broadcaster.open_pages,
        )
        return Response(text, headers={"content-type": health.TEXT})

    async def _openapi(self, _: Request) -> Response:
        return as_json(document())

    async def _rules(self, _: Request) -> Response:
        return as_json(ven_rules())

    async def _history(self, request: Request) -> Response:
        window, circuit_ids, means = self._means(request)
        names = TOTAL if circuit_ids is None else circuit_ids
        return as_json(time_series.drawn(names, means, window, self.history.events(window)))

    async def _history_csv(self, request: Request) -> Response:
        _, circuit_ids, means = self._means(request)
        names = CSV_TOTAL if circuit_ids is None else [f"{circuit_id}_kw" for circuit_id in circuit_ids]
        ven_id = self._twin.snapshot().state.ven_id
        return answers.csv(time_series.csv(names, means), f"{ven_id}-power.csv")

    async def _days(self, _: Request) -> Response:
        return as_json(self._day_sums())

    async def _days_csv(self, _: Request) -> Response:
        sums = self._day_sums()
        ven_id = self._twin.snapshot().state.ven_id
        return answers.csv(day_sums.csv(sums.currency, sums.days), f"{ven_id}-days.csv")

    def _day_sums(self) -> DaySums:
        """The days of the site, at its tariff."""
        house = self._twin.snapshot().house
        zone = zone_named(house.time_zone) or timezone(timedelta(hours=house.utc_offset_h))
        return self.history.days(zone, self._tariff)

    def _means(self, request: Request) -> tuple[TimeWindow, tuple[str, ...] | None, list[TimeMean]]:
        """The window that is requested, its circuits, None of the total, and the means in it."""
        query, snapshot = request.query_params, self._twin.snapshot()
        time_series.refuse_others(query, tuple(HISTORY_QUERY))
        window = time_series.read_window(query, snapshot.now_ts, SPAN_S)
        shown = query.get("show", "total")
        if shown not in SHOWN:
            raise PageProblemError(400, f"is one of {', '.join(SHOWN)}", field="show")
        until_now = window._replace(to_ts=min(window.to_ts, snapshot.now_ts + APART_S))
        circuit_ids = None
        if shown == "circuits":
            circuit_ids = self.history.circuit_ids(until_now, circuit_ids_of(snapshot))
        return window, circuit_ids, self.history.means(until_now, circuit_ids, window.step_s)

    async def _stream(self, request: Request) -> Response:
        try:
            messages = self.broadcaster.listen()
        except FullError:
            raise PageProblemError(503, "too many pages are open", headers={"retry-after": "10"}) from None
        if request.method == "HEAD":
            return Response(media_type=EVENT_STREAM, headers=NO_STORE)
        return StreamingResponse(messages, media_type=EVENT_STREAM, headers=NO_STORE)

    async def _login_form(self, request: Request) -> Response:
        return self._file("login.html", request)

    async def _login(self, request: Request) -> Response:
        if answers.media_type(request) != "application/x-www-form-urlencoded":
            raise PageProblemError(415, "a form is taken here", field="Content-Type")
        form = parse_qs((await answers.read(request)).decode("utf-8", "replace"))
        token = form.get("token", [""])[0]
        session = self._guard.log_in(token, request.client)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(
            guard.COOKIE, session, max_age=S_PER_DAY, httponly=True, samesite="strict", path="/"
        )
        return answer


def _snake(operation: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", operation).lower()


ADDRESS_FILE = "page.url"
"""The file in the twin's folder with the page's address, while it serves."""


@contextlib.asynccontextmanager
async def serving(twin: Twin, settings: WebSettings, folder: Path) -> AsyncIterator[str | None]:
    """Serve *twin*'s page for as long as the block lasts; gives its address, or None when it cannot.

    While it serves, the address stands in `ADDRESS_FILE` in *folder*.
    """
    page = Page(twin, settings)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(page.history.close)
        address = await stack.enter_async_context(hosted(page.application, settings, page.broadcaster.close))
        if address is None:
            yield None
            return
        logger.info("page: %s", address)
        try:
            with or_warn("its address is not written down"):
                (folder / ADDRESS_FILE).write_text(address)
            yield address
        finally:
            with or_warn("its address still stands in a file"):
                (folder / ADDRESS_FILE).unlink(missing_ok=True)


@contextlib.contextmanager
def or_warn(consequence: str) -> Iterator[None]:
    """Do what the twin can do without: what the disk refuses is logged with its *consequence*."""
    try:
        yield
    except OSError as error:
        logger.warning("%s: %s", consequence, error)
