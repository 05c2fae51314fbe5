// The VEN's page: what comes from the VEN is shown, what the resident says is sent.
import { call, read } from "./api.js";
import { count, optOutWords, showBanner } from "./banner.js";
import { PowerChart } from "./chart.js";
import { showCircuits } from "./circuits.js";
import { byId, figure, make, mark, rows, show, style, text } from "./dom.js";
import { clock, clockS, day, fixed, houseTime, kw, percent, span } from "./format.js";
import { listen } from "./stream.js";
import { showTiles } from "./tiles.js";

const chart = new PowerChart(byId("plot"), byId("legend"));
let shown = null;
let past = [];
let pastMark = null;
let aheadMs = 0;

const STATES = {
  connecting: "connecting",
  backoff: "waiting to try again",
  refused: "refused",
  stopped: "stopped",
  duplicate_client: "displaced by another client",
};
const venTs = () => (Date.now() + aheadMs) / 1000;

function showState(snapshot) {
  shown = snapshot;
  aheadMs = snapshot.ts * 1000 - Date.now();
  const { ven, power, circuits, panel } = snapshot;
  document.title = `${ven.venId}: ${title(snapshot)}`;
  text("ven", ven.venId);
  const speed = ven.houseSpeed === 1 ? "" : `, whose time passes ${ven.houseSpeed} times as fast as yours`;
  text("house", `Digital twin of the ${ven.house} house${speed}`);
  text("clock", `${houseTime(ven.houseTs, ven.utcOffsetH)} in the house`);
  showBanner(snapshot);
  showTiles(snapshot);
  showCircuits(byId("circuits"), circuits, toggle);
  text("panel", `${fixed(panel.amps, 0)} of ${panel.ratingAmps} A at ${panel.voltageV} V`);
  showCloud(snapshot);
  shade();
  chart.push(snapshot.ts, power);
  byId("plot").setAttribute("aria-label", `Power from the grid: ${kw(power.gridKw)} kW used, baseline ${kw(power.baselineKw)} kW`);
  if (snapshot.pastMark !== pastMark) {
    pastMark = snapshot.pastMark;
    showPast();
  }
}

function title({ ven, events, power }) {
  if (!ven.takesPart) return "takes no part";
  return events.some((event) => event.phase === "active") ? `event, −${kw(power.shedKw)} kW` : `${kw(power.gridKw)} kW`;
}

function showCloud({ cloud, ven }) {
  const waiting = cloud.outboxDepth === 1 ? "1 message" : `${cloud.outboxDepth} messages`;
  mark(byId("cloud"), `pill ${cloud.connected ? "good" : "bad"}`);
  text("cloud", cloud.connected ? "Connected" : "Not connected");
  show("offline", !cloud.connected);
  text("offline-why", `Since ${clockS(cloud.sinceTs)}${cloud.reason ? `: ${cloud.reason}` : ""}.`);
  text("offline-more", `It goes on by the schedule that it has, and tries again by itself. In its outbox: ${waiting}.`);
  text("link-state", cloud.connected ? `connected since ${clock(cloud.sinceTs)}` : `${STATES[cloud.state]} since ${clockS(cloud.sinceTs)}`);
  text("link-outbox", cloud.messagesLost ? `${waiting}; ${cloud.messagesLost} lost` : waiting);
  text("link-puback", cloud.lastPubackAgeS === null ? "nothing yet" : `${span(cloud.lastPubackAgeS)} ago`);
  text("link-house", `${houseTime(ven.houseTs, ven.utcOffsetH)}, ×${ven.houseSpeed}`);
}

function shade() {
  chart.events([...shown.events, ...past].map((event) => [event.startTs, event.endTs]));
}

async function showPast() {
  past = (await read("/api/events")).past;
  shade();
  show("history-empty", past.length === 0);
  show("history-scroll", past.length > 0);
  rows(byId("history"), past, (event) => `${event.eventId}@${event.endTs}`, pastRow, () => {});
}

function pastRow(event) {
  const of = (value, digits) => (value === null ? "–" : fixed(value, digits));
  const share = event.askedKw && event.deliveredKw !== null ? percent(event.deliveredKw / event.askedKw) : "–";
  const ended = { completed: "completed", cancelled: "cancelled", optedOut: "opted out" }[event.ended];
  const why = event.reason ? [make("small", {}, optOutWords(event.reason))] : [];
  const lasted = event.endTs < event.startTs ? "not begun" : span(event.endTs - event.startTs);
  const when = `${day(event.startTs)} ${clock(event.startTs)}, ${lasted}`.trim();
  const wh = event.deliveredKwh === null ? "–" : `${fixed(event.deliveredKwh, 3)}${event.askedKwh === null ? "" : ` of ${fixed(event.askedKwh, 3)}`}`;
  return make(
    "tr",
    {},
    make("td", { className: "id", title: event.eventId }, when, make("small", {}, event.eventId)),
    make("td", { className: "words" }, make("span", { className: `ended ${event.ended}` }, ended), ...why),
    make("td", { className: "hide-small" }, of(event.askedKw, 2)),
    make("td", {}, of(event.deliveredKw, 2)),
    make("td", { className: "hide-small" }, wh),
    make("td", {}, share),
  );
}

async function send(path, body) {
  try {
    const answer = await call(path, body);
    show("problem", false);
    if (answer.ven !== undefined) showState(answer);
  } catch (error) {
    text("problem", error.message);
    show("problem", true);
    setTimeout(() => show("problem", false), 8000);
  }
}

const toggle = (id, enabled) => send(`/api/circuits/${encodeURIComponent(id)}`, { enabled });

function askOptOut() {
  const now = venTs();
  const active = shown.events.find((event) => event.phase === "active");
  const midnight = new Date().setHours(24, 0, 0, 0) / 1000;
  const ends = [["", "I opt in again"], ["3600", "in 1 hour"], ["14400", "in 4 hours"], [String(Math.max(60, midnight - now)), "midnight"]];
  if (active) ends.unshift([String(Math.ceil(active.endTs - now) + 1), `this event ends, ${clock(active.endTs)}`]);
  byId("opt-out-until").replaceChildren(...ends.map(([value, words]) => make("option", { value }, words)));
  byId("opt-out-dialog").showModal();
}

byId("opt-out").addEventListener("click", askOptOut);
byId("opt-out-dialog").addEventListener("close", (event) => {
  if (event.target.returnValue !== "yes") return;
  const after = byId("opt-out-until").value;
  const body = { reason: byId("opt-out-reason").value };
  if (after !== "") body.untilTs = Math.ceil(venTs() + Number(after));
  event.target.returnValue = "";
  send("/api/opt-out", body);
});
byId("opt-in").addEventListener("click", () => send("/api/opt-in", {}));
byId("restore").addEventListener("click", () => send("/api/restore", {}));
byId("try").addEventListener("submit", (event) => {
  event.preventDefault();
  const body = { kw: Number(byId("try-kw").value), durationS: Number(byId("try-for").value) };
  const after = Number(byId("try-start").value);
  if (after > 0) body.startTs = Math.round(venTs() + after);
  send("/api/events", body);
});
for (const button of document.querySelectorAll("[data-span]")) {
  button.addEventListener("click", () => {
    for (const other of document.querySelectorAll("[data-span]")) other.setAttribute("aria-pressed", String(other === button));
    chart.show(Number(button.dataset.span));
  });
}

setInterval(() => shown !== null && count(venTs()), 250);
listen("/api/stream", {
  state: showState,
  async found() {
    show("lost", false);
    document.body.classList.remove("lost");
    document.querySelector("main").inert = false;
    pastMark = null;
    chart.load(await read("/api/chart"));
  },
  lost(heardMs) {
    text("lost-since", `It was last heard at ${clockS(heardMs / 1000)}.`);
    show("lost", true);
    show("offline", false);
    document.body.classList.add("lost");
    document.querySelector("main").inert = true;
    mark(byId("cloud"), "pill bad");
    text("cloud", "No VEN");
  },
});
