"""Reports of VENs of OpenADR brought into the fleet: what each offers, drew, and does in an event.

    report ──▶ whose VEN? ──▶ readings ──▶ the VEN's row: it is there, its offer, its charge, its opt-out
                  │ one of the           ├▶ telemetry: a row for each interval that it drew in
                  ▼ stage's own: none    └▶ the DR event's item of it: begun, left, what it measured itself

A VEN joins the fleet by its first report that says anything of these. A VEN of the stage that is a client of
the VTN as well goes on being heard by MQTT.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import msgspec

from contracts.openadr.ids import STAGE_CLIENT, ClientId, ObjectId
from contracts.openadr.oadr_vens import oadr_ven_id
from contracts.openadr.objects import OadrEvent, OadrReport, OadrVen
from contracts.openadr.report_values import CURTAILED, HEIGHTENED, OPTED_OUT
from contracts.openadr.timeline import PlacedInterval, UnplacedError, timeline
from contracts.openadr.times import read_date_time
from contracts.store.keys import METERED_KWH_PREFIX, Key, ven_sort_key
from contracts.wire.codec import JsonDict
from contracts.wire.events import Phase
from contracts.wire.ids import VEN_ID, VenId
from contracts.wire.plain_text import plain_line
from contracts.wire.shadow import OptOut
from contracts.wire.units import S_PER_H
from lambdas.shared.invocation import count
from lambdas.shared.object_privacy import GrantRow
from lambdas.shared.rows import ASSUMED_PEAK_KW, EventRow
from lambdas.shared.tables import Condition
from lambdas.vtn_dispatch.adapters import VtnDispatchAdapters
from lambdas.vtn_dispatch.logic.readings import SiteReading, is_within, readings_of
from lambdas.vtn_dispatch.logic.words import RowWords, row_words
from lambdas.vtn_dispatch.reported_rows import ReportedRows

NAME_MAX_CHARS = 64


@dataclass(frozen=True, slots=True)
class Hearing:
    """Brings in what VENs of OpenADR say, at *now_ts*, UTC s."""

    adapters: VtnDispatchAdapters
    now_ts: float

    def report(self, object_id: ObjectId, client_id: ClientId) -> None:
        """Bring in a report as it is now; again does no harm."""
        record = self.adapters.vtn.find("REPORT", object_id, of_client=client_id)
        if record is None or client_id == STAGE_CLIENT:
            return
        report = cast("OadrReport", record.value)
        ven = self._ven(report)
        if ven is None or self._is_ours(ven):
            return
        event, header = self._event(report)
        readings = readings_of(report, _spans(event), now_ts=self.now_ts)
        ven_id = oadr_ven_id(ven.id)
        if not readings or self._is_quarantined(ven_id):
            return
        modified_ts = read_date_time(report.modification_date_time) or self.now_ts
        words = row_words(readings, now_ts=self.now_ts)
        tells_baseline = ReportedRows(self.adapters, ven_id, self.now_ts).write(readings, header)
        self._note_row(ven_id, ven.ven_name, words, modified_ts, tells_baseline=tells_baseline)
        if header is not None:
            self._note_acks(ven_id, report, readings, header)
        count(OadrReportsHeard=1)

    def ven(self, object_id: ObjectId) -> None:
        """Bring in a VEN's name, or that it is gone."""
        ven_id = oadr_ven_id(object_id)
        record = self.adapters.vtn.find("VEN", object_id)
        there = Condition("attribute_exists(#ven)", {"#ven": "venId"})
        if record is None or self._is_ours(cast("OadrVen", record.value)):
            self.adapters.vens.delete(Key(ven_id), when=there)
            return
        name = _shown(cast("OadrVen", record.value).ven_name)
        self.adapters.vens.update(Key(ven_id), {"oadrVenName": name}, when=there)

    def sweep(self) -> None:
        """Count on no VEN any more that has not reported for too long."""
        vens = [oadr_ven_id(ven.id) for ven in self.adapters.all_vens()]
        late = Condition(
            "#on = :on AND #fresh < :now",
            {"#on": "online", "#fresh": "oadrFreshTs"},
            {":on": True, ":now": self.now_ts},
        )
        for item in self.adapters.vens.get_many(vens, ("venId", "online", "oadrFreshTs")):
            if item.get("online") and item.get("oadrFreshTs", 0.0) < self.now_ts:
                self.adapters.vens.update(Key(item["venId"]), {"online": False}, when=late)

    def _ven(self, report: OadrReport) -> OadrVen | None:
        """The client's VEN that *report* is of: its only one, or the one of that name."""
        vens = [_decoded(row) for row in self.adapters.vtn.grants(report.client_id) if _is_ven(row)]
        named = [ven for ven in vens if ven.ven_name == report.client_name]
        only = vens[0] if len(vens) == 1 else None
        return named[0] if named else only

    def _is_ours(self, ven: OadrVen) -> bool:
        """True of a VEN of the stage that is a client of its VTN, too."""
        name = ven.ven_name
        return VEN_ID.fullmatch(name) is not None and self.adapters.vens.get(Key(name)) is not None

    def _is_quarantined(self, ven_id: VenId) -> bool:
        return (self.adapters.vens.get(Key(ven_id)) or {}).get("quarantinedTs") is not None

    def _event(self, report: OadrReport) -> tuple[OadrEvent | None, EventRow | None]:
        """The event of the VTN that *report* is on, and the DR event that it is, or is a share of."""
        record = self.adapters.vtn.find("EVENT", report.event_id)
        event = None if record is None else cast("OadrEvent", record.value)
        event_id = None if record is None else record.share_of
        if event_id is None:
            row = self.adapters.rows.find(report.event_id)
            event_id = None if row is None else row.event_id
        return event, None if event_id is None else self.adapters.dr_event(event_id)

    def _note_row(
        self, ven_id: VenId, name: str, words: RowWords, modified_ts: float, *, tells_baseline: bool
    ) -> None:
        """Note in the VEN's row that it is there, and what it says of itself, unless it has said so later."""
        key = Key(ven_id)
        here: JsonDict = {"oadrVenName": _shown(name), "online": True, "oadrFreshTs": words.fresh_ts}
        here |= {"reportIntervalS": words.interval_s}
        here |= {} if words.battery_soc is None else {"batterySoc": words.battery_soc}
        here |= {"oadrTellsBaseline": True} if tells_baseline else {}
        self.adapters.vens.update(key, here, once={"provisionedTs": self.now_ts})
        if words.peak_kw > ASSUMED_PEAK_KW:  # by which its offers are believed
            more = Condition("attribute_not_exists(#p) OR #p < :p", {"#p": "peakKw"}, {":p": words.peak_kw})
            self.adapters.vens.update(key, {"peakKw": words.peak_kw}, when=more)
        if words.offer_kw is not None:
            offer = {"shedAvailabilityKw": words.offer_kw, "sustainS": words.sustain_s}
            later = _later("offeredTs", modified_ts)
            self.adapters.vens.update(key, offer | {"offeredTs": modified_ts}, when=later)
        if words.has_state:
            out = None
            if words.opted_out_until_ts is not None:
                out = msgspec.to_builtins(OptOut(until_ts=int(words.opted_out_until_ts)))
            state = {"optOut": out, "stateTs": modified_ts}
            self.adapters.vens.update(key, state, when=_later("stateTs", modified_ts))

    def _note_acks(
        self, ven_id: VenId, report: OadrReport, readings: Sequence[SiteReading], header: EventRow
    ) -> None:
        """Note what the VEN says of its part in the DR event of *header*, as its acks would."""
        once: JsonDict = {}
        inside = [reading for reading in readings if is_within(reading, header)]
        began = next((reading for reading in inside if reading.state in {CURTAILED, HEIGHTENED}), None)
        if began is not None:
            once[Phase.ACTIVE] = self._word(report, int(began.start_ts))
        if any(reading.state == OPTED_OUT for reading in inside):
            data = {"optOut": {"reason": "reported"}}
            once[Phase.OPTED_OUT] = self._word(report, int(self.now_ts)) | {"data": data}
        saved_kws = [
            -one.delta_kw * (one.end_ts - one.start_ts) for one in inside if one.delta_kw is not None
        ]
        values: JsonDict = {"venId": ven_id}
        if saved_kws:
            values[f"{METERED_KWH_PREFIX}{report.id}"] = sum(saved_kws) / S_PER_H
        if once or saved_kws:
            expires = {"expiresTs": header.expires_ts}
            self.adapters.events.table.update(
                Key(header.event_id, ven_sort_key(ven_id)), values, once=once | expires
            )

    def _word(self, report: OadrReport, at_ts: int) -> JsonDict:
        return {"ts": at_ts, "receivedTs": self.now_ts, "correlationId": report.id}


def _later(attribute: str, at_ts: float) -> Condition:
    return Condition("attribute_not_exists(#t) OR #t <= :t", {"#t": attribute}, {":t": at_ts})


def _is_ven(row: GrantRow) -> bool:
    return row.body is not None and row.object_key.startswith("client#ven#")


_vens = msgspec.json.Decoder(OadrVen)


def _decoded(row: GrantRow) -> OadrVen:
    return _vens.decode(row.body or "")


def _spans(event: OadrEvent | None) -> tuple[PlacedInterval, ...]:
    """The intervals of *event* in time; none where there is no event, or it has no place."""
    if event is None:
        return ()
    try:
        return timeline(event, read_date_time(event.created_date_time) or 0.0)
    except UnplacedError:
        return ()


def _shown(name: str) -> str:
    return plain_line(name)[:NAME_MAX_CHARS]
