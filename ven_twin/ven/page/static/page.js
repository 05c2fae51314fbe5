// The VEN's page: shows the VEN, and sends the resident's actions.
import { call, read, wordsOf } from "/static/kit/api.js";
import { TimeChart } from "/static/kit/chart.js";
import { byId, input, mark, select, show, text } from "/static/kit/dom.js";
import { clockS, counted, dayTime, fixed, houseTime, kw, span } from "/static/kit/format.js";
import { POWER } from "/static/kit/power_lines.js";
import { follow, say } from "/static/kit/stream.js";
import { TimeRange } from "/static/kit/time_range.js";
import { count, showBanner, showUnheard } from "./banner.js";
import { layered } from "/static/kit/circuit_layers.js";
import { showCircuits, showReactive } from "./circuits.js";
import { showDays } from "./days.js";
import { showHistory } from "./history.js";
import * as optOut from "./opt_out.js";
import { rules } from "./rules.js";
import { showTiles } from "./tiles.js";

const NOTICE_MS = 8000;
const DAYS_EVERY_MS = 300_000;
const chart = new TimeChart(byId("plot"), byId("legend"), POWER);
/** @type {VenApi.VenView | null} */
let shown = null;
/** @type {VenApi.PastEvent[]} */
let past = [];
/** @type {string | null} */
let pastMark = null;
/** @type {readonly KitApi.EventMark[]} */
let acted = [];
let aheadMs = 0;
const venTs = () => (Date.now() + aheadMs) / 1000;
const range = new TimeRange(chart, source, venTs);

/** @returns {import("/static/kit/time_range.js").Source} */
function source() {
  const shownPower = select("range-shown").value;
  return {
    path: "/api/history",
    query: { show: shownPower },
    streams: shownPower === "total",
    draw(history) {
      acted = history.events;
      text("chart-what", shownPower === "total" ? "Power from the grid" : "Power of the circuits");
      if (shown !== null) shade(shown);
      if (shownPower === "total") {
        chart.load({ ts: history.ts, columns: history.columns }, POWER);
      } else {
        const { kind, points } = layered(history, nameOf);
        chart.load(points, kind);
      }
    },
  };
}

/** @param {string} id */
const nameOf = (id) => shown?.circuits.find((circuit) => circuit.id === id)?.name ?? id;

/** @param {VenApi.VenView} view */
function showState(view) {
  shown = view;
  aheadMs = view.ts * 1000 - Date.now();
  const { ven, power, circuits, panel } = view;
  document.title = `${ven.venId}: ${title(view)}`;
  text("ven", ven.venId);
  const speed = ven.houseSpeed === 1 ? "" : `, whose time passes ${ven.houseSpeed} times as fast as yours`;
  const again =
    ven.houseSpanS == null ? "" : `; its hours come again every ${span(ven.houseSpanS / ven.houseSpeed)}`;
  text("house", `Digital twin of the ${ven.house} house${speed}${again}`);
  text("clock", `${houseTime(ven.houseTs, ven.utcOffsetH)} in the house`);
  show("prices", view.prices != null);
  text("prices", view.prices ?? "");
  showBanner(view);
  showTiles(view);
  showCircuits(byId("circuits"), circuits, toggle);
  text("panel", `${fixed(panel.amps, 0)} of ${panel.ratingAmps} A at ${panel.voltageV} V`);
  showReactive(panel.reactive, circuits.length);
  showCloud(view);
  shade(view);
  if (range.streams) {
    chart.push(view.ts, {
      baselineKw: power.baselineKw,
      targetKw: power.targetKw,
      usedKw: power.gridKw,
    });
  }
  const label = `Power from the grid: ${kw(power.gridKw)} kW used, baseline ${kw(power.baselineKw)} kW`;
  byId("plot").setAttribute("aria-label", label);
  if (view.pastMark !== pastMark) {
    pastMark = view.pastMark;
    showPast();
  }
}

/** @param {VenApi.VenView} view */
function title({ ven, events, power }) {
  if (!ven.takesPart) return "takes no part";
  const sheds = events.some(({ phase }) => phase === "active");
  return sheds ? `event, ${kw(-power.shedKw)} kW` : `${kw(power.gridKw)} kW`;
}

/** @param {VenApi.VenView} view */
function showCloud({ cloud, ven }) {
  const waiting = counted(cloud.outboxDepth, "message");
  const state = cloud.connected
    ? `connected since ${dayTime(cloud.sinceTs)}`
    : `${rules.sessionStates[cloud.state]} since ${clockS(cloud.sinceTs)}`;
  mark("cloud", `pill ${cloud.connected ? "good" : "bad"}`);
  text("cloud", cloud.connected ? "Connected" : "Not connected");
  show("offline", !cloud.connected);
  text("offline-why", `Since ${clockS(cloud.sinceTs)}${cloud.reason ? `: ${cloud.reason}` : ""}.`);
  text(
    "offline-more",
    `It goes on by the schedule that it has, and tries again by itself. In its outbox: ${waiting}.`,
  );
  text("link-state", state);
  text("link-outbox", cloud.messagesLost ? `${waiting}; ${cloud.messagesLost} lost` : waiting);
  const age = cloud.lastPubackAgeS;
  text("link-puback", age === null ? "nothing yet" : `${span(age)} ago`);
  text("link-house", `${houseTime(ven.houseTs, ven.utcOffsetH)}, ×${ven.houseSpeed}`);
}

/** @param {VenApi.VenView} view */
function shade({ events }) {
  chart.shadeEvents([...events, ...past, ...acted]);
}

async function showPast() {
  /** @type {VenApi.Events} */
  const events = await read("/api/events");
  past = events.past;
  if (shown !== null) shade(shown);
  chart.refresh();
  showHistory(past);
  await refreshDays();
}

/** The days, and what the events of the last week saved. */
async function refreshDays() {
  await showDays();
  showHistory(past);
}

/**
 * Send a call; what it answers, where that is the VEN's state, is shown at once.
 * @param {string} path
 * @param {object} body
 */
async function send(path, body) {
  try {
    const answer = await call(path, body);
    say(null, 0);
    if (answer.ven !== undefined) showState(answer);
  } catch (error) {
    say(wordsOf(error), NOTICE_MS);
  }
}

/**
 * @param {string} id
 * @param {boolean} enabled
 */
function toggle(id, enabled) {
  /** @type {VenApi.SwitchCall} */
  const body = { enabled };
  send(`/api/circuits/${encodeURIComponent(id)}`, body);
}

/** @param {Event} submitted */
function tryEvent(submitted) {
  submitted.preventDefault();
  const after = Number(select("try-start").value);
  /** @type {VenApi.EventCall} */
  const body = {
    kw: Number(input("try-kw").value),
    durationS: Number(select("try-for").value),
    startTs: after > 0 ? Math.round(venTs() + after) : null,
  };
  send("/api/events", body);
}

Object.assign(input("try-kw"), { min: rules.eventKw.minimum, max: rules.eventKw.maximum });
optOut.setUp(
  () => shown,
  venTs,
  (body) => send("/api/opt-out", body),
);
byId("opt-in").addEventListener("click", () => send("/api/opt-in", {}));
byId("restore").addEventListener("click", () => send("/api/restore", {}));
byId("try").addEventListener("submit", tryEvent);
select("range-shown").addEventListener("change", () => range.changed());
setInterval(() => shown !== null && count(venTs()), 250);
setInterval(() => !document.hidden && shown !== null && refreshDays(), DAYS_EVERY_MS);
follow("VEN", {
  message: showState,
  async opened() {
    pastMark = null;
    await null; // the first message follows: it has the VEN's time
    range.changed();
  },
  lost: showUnheard,
});
