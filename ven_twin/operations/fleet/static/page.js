// The operator's page: shows the fleet, and sends the operator's events.
import { button, byId, mark, show, text } from "/static/kit/dom.js";
import { clockS, counted, kw } from "/static/kit/format.js";
import { follow, say } from "/static/kit/stream.js";
import * as calendar from "./calendar.js";
import * as detail from "./detail.js";
import * as events from "./events.js";
import * as form from "./form.js";
import * as groups from "./groups.js";
import * as history from "./history.js";
import { showNone, showTotals } from "./totals.js";
import * as vens from "./vens.js";

const NOTICE_MS = 9000;
let place = "";
/** @type {FleetApi.ListedEvent[]} */
let lines = [];
let hasFleet = false;
/** @type {number | null} */
let lastHeardTs = null;
let aheadMs = 0;
let running = "";
const serverTs = () => (Date.now() + aheadMs) / 1000;
const chart = history.setUp(serverTs);

/**
 * A message has the whole view, or only what may have changed while the cloud says nothing.
 * @param {FleetApi.FleetView | FleetApi.Heartbeat} message
 */
function showMessage(message) {
  aheadMs = message.ts * 1000 - Date.now();
  if ("fleet" in message) place = message.place;
  showCloud(message.cloud);
  if ("fleet" in message && message.fleet !== null) showView(message, message.fleet);
  lastHeardTs = message.cloud.heardTs;
  if (!message.cloud.reached && message.cloud.why !== null) events.showUnheard(lastHeardTs);
}

/**
 * @param {FleetApi.FleetView} view
 * @param {FleetApi.FleetTotals} fleet
 */
function showView(view, fleet) {
  hasFleet = true;
  lines = view.events;
  text("place", `${view.place} · ${counted(fleet.known, "VEN")}`);
  document.title = title(view, fleet);
  events.showEvents(lines, view.moreEvents, (eventId) => detail.look(eventId, lines));
  events.showUnacted(view.unacted);
  calendar.update(lines, view.moreEvents);
  showNone(view, fleet);
  show("dead-letters", view.deadLetters !== "");
  mark("dead-letters", view.deadLetterCount === null ? "muted" : "notice");
  text("dead-letters", view.deadLetters);
  showTotals(view, fleet);
  vens.showVens(fleet);
  form.update(fleet);
  detail.update(view.events);
  chart.update(view, fleet);
  const powers = `Requested ${kw(view.askedKw)} kW, delivered ${kw(view.deliveredKw)} kW`;
  byId("plot").setAttribute("aria-label", `${powers}, on offer ${kw(fleet.flexibilityKw)} kW`);
  announce(view.events.filter(({ stage }) => stage === "running").map(({ eventId }) => eventId));
  count();
}

/**
 * @param {FleetApi.FleetView} view
 * @param {FleetApi.FleetTotals} fleet
 */
function title({ askedKw: requestedKw, deliveredKw }, fleet) {
  if (requestedKw !== 0) return `Fleet: ${kw(deliveredKw)} of ${kw(requestedKw)} kW`;
  return `Fleet: ${fleet.online} of ${fleet.known} online`;
}

/** @param {string} words */
const sentence = (words) => `${words.slice(0, 1).toUpperCase()}${words.slice(1)}.`.replace("..", ".");

/** @param {FleetApi.CloudStatus} cloud */
function showCloud({ reached, why, heardTs }) {
  const isCalling = !reached && why === null;
  const isGone = !reached && why !== null;
  mark("cloud", `pill ${reached ? "good" : ""}${isGone ? "bad" : ""}`);
  if (reached) text("cloud", "Cloud answers");
  else text("cloud", isCalling ? "Calling the cloud" : "Cloud not reached");
  show("offline", isGone);
  if (!hasFleet) text("place", isGone ? place : "calling the cloud");
  text("offline-why", sentence(why ?? ""));
  const last = heardTs === null ? "" : `What you see is of ${clockS(heardTs)}.`;
  const goesOn = `${last} The VENs go on by their schedule; this page tries again by itself.`;
  const nothing = "Nothing has been heard yet; this page tries again by itself.";
  text("offline-more", heardTs === null ? nothing : goesOn);
  button("new-event").disabled = !reached;
  document.body.classList.toggle("stale", isGone);
}

/** @param {string[]} ids */
function announce(ids) {
  const now = ids.join(", ");
  if (now !== running) text("announce", now ? `Running: ${now}` : "No event runs");
  running = now;
}

/** @param {string} words */
const tell = (words) => say(words, NOTICE_MS);

function count() {
  events.count(serverTs());
  detail.count(serverTs());
}

vens.setUp();
groups.setUp();
calendar.setUp((eventId) => detail.look(eventId, [...lines, ...calendar.olderEvents()]));
byId("detail-dialog").addEventListener("close", calendar.refresh);
form.setUp(serverTs, tell);
detail.setUp(form.revise, tell);
byId("new-event").addEventListener("click", form.create);
setInterval(() => hasFleet && count(), 250);
follow("server", {
  message: showMessage,
  async opened() {
    groups.refresh().catch(() => {}); // the form reads them anew
    await null; // the first message follows: it has the server's time
    chart.reload();
  },
  lost() {
    button("new-event").disabled = true;
    events.showUnheard(lastHeardTs);
  },
});
