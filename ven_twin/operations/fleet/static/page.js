// The operator's page: what the cloud says of the fleet is shown, what the operator asks for is sent.
import { read } from "/static/api.js";
import { PowerChart } from "/static/chart.js";
import { byId, mark, show, text } from "/static/dom.js";
import { clockS, kw } from "/static/format.js";
import { listen } from "/static/stream.js";
import { FLEET } from "./chart.js";
import * as detail from "./detail.js";
import * as events from "./events.js";
import * as form from "./form.js";
import { showNone, showTotals } from "./totals.js";
import * as vens from "./vens.js";

const SAID_MS = 9000;
const chart = new PowerChart(byId("plot"), byId("legend"), FLEET);
let board = null;
let aheadMs = 0;
let running = "";
let saying = 0;
const serverTs = () => (Date.now() + aheadMs) / 1000;

// A message has all, or only what may have changed while the cloud says nothing.
function showState(message) {
  aheadMs = message.ts * 1000 - Date.now();
  board = { ...board, ...message };
  showCloud(board);
  if (message.fleet === undefined || board.fleet === null || board.fleet === undefined) return;
  text("place", `${board.place} · ${board.fleet.known} VEN${board.fleet.known === 1 ? "" : "s"}`);
  document.title = title(board);
  events.showEvents(board.events, board.moreEvents, (id) => detail.look(id, board.events));
  showNone(board);
  showTotals(board);
  vens.showVens(board.fleet);
  form.update(board);
  detail.update(board.events);
  chart.events(board.events.map((event) => [event.startTs, event.endTs]));
  chart.push(board.cloud.heardTs ?? board.ts, board);
  byId("plot").setAttribute("aria-label", `Asked ${kw(board.askedKw)} kW, delivered ${kw(board.deliveredKw)} kW, on offer ${kw(board.fleet.flexibilityKw)} kW`);
  announce(board.events.filter((event) => event.phase === "active").map((event) => event.eventId));
  count();
}

function title({ fleet, askedKw, deliveredKw }) {
  return askedKw > 0 ? `Fleet: ${kw(deliveredKw)} of ${kw(askedKw)} kW` : `Fleet: ${fleet.online} of ${fleet.known} online`;
}

function showCloud({ cloud, place }) {
  const asking = !cloud.reached && !cloud.why;
  mark(byId("cloud"), `pill ${cloud.reached ? "good" : asking ? "" : "bad"}`);
  text("cloud", cloud.reached ? "Cloud answers" : asking ? "Asking the cloud" : "Cloud not reached");
  show("offline", !cloud.reached && !asking);
  text("offline-why", `${cloud.why ?? ""}.`.replace("..", "."));
  text("offline-more", cloud.heardTs ? `What you see is of ${clockS(cloud.heardTs)}. The VENs go on by what they were told; this page tries again by itself.` : `Nothing is known of ${place} yet; this page tries again by itself.`);
  byId("new-event").disabled = !cloud.reached;
  mark(document.body, !cloud.reached && !asking ? "stale" : "");
}

function announce(ids) {
  const now = ids.join(", ");
  if (now !== running) text("announce", now ? `Running: ${now}` : "No event runs");
  running = now;
}

function say(words) {
  text("problem", words);
  show("problem", true);
  clearTimeout(saying);
  saying = setTimeout(() => show("problem", false), SAID_MS);
}

function count() {
  events.count(serverTs());
  detail.count(serverTs());
}

vens.setUp();
form.setUp(serverTs, say);
detail.setUp(form.revise, say);
byId("new-event").addEventListener("click", form.create);
for (const button of document.querySelectorAll("[data-span]")) {
  button.addEventListener("click", () => {
    for (const other of document.querySelectorAll("[data-span]")) other.setAttribute("aria-pressed", String(other === button));
    chart.show(Number(button.dataset.span));
  });
}
chart.show(900);
setInterval(() => board?.fleet && count(), 250);
listen("/api/stream", {
  state: showState,
  async found() {
    show("lost", false);
    document.querySelector("main").inert = false;
    chart.load(await read("/api/chart"));
  },
  lost(heardMs) {
    text("lost-since", `It was last heard at ${clockS(heardMs / 1000)}.`);
    show("lost", true);
    show("offline", false);
    mark(document.body, "lost");
    document.querySelector("main").inert = true;
    mark(byId("cloud"), "pill bad");
    text("cloud", "No server");
    byId("new-event").disabled = true;
  },
});
