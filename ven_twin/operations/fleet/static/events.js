// The events: those that run as banners with their figures, all of them as a list.
import { Countdowns } from "/static/kit/countdown.js";
import { byId, cell, cells, figure, make, mark, meter, rows, show, text } from "/static/kit/dom.js";
import { clockS, counted, dayTime, kw, percent, period, reduction } from "/static/kit/format.js";

/** @typedef {(eventId: string) => void} Look Opens the details of an event. */

const MOST_TARGETS = 3;
const countdowns = new Countdowns();

/**
 * Countdowns as of *ts*, the server's time.
 * @param {number} ts
 */
export function count(ts) {
  countdowns.show(ts);
}

/** @param {FleetApi.ListedEvent} event */
export const times = ({ startTs, endTs }) => period(startTs, endTs);

/** @param {FleetApi.ListedEvent} event */
export const shortfall = ({ shortfallKw }) => `${kw(shortfallKw)} kW could not be allocated`;

/**
 * @param {FleetApi.ListedEvent[]} events
 * @param {boolean} more
 * @param {Look} look
 */
export function showEvents(events, more, look) {
  countdowns.clear();
  const running = events.filter(({ stage }) => stage === "running");
  show("none", running.length === 0);
  text("none-title", "No event runs");
  show("running", running.length > 0);
  rows(byId("running"), running, idOf, (event) => buildBanner(event, look), showBanner);
  show("events-empty", events.length === 0);
  text("events-empty", "None yet. “New event” makes one.");
  show("events", events.length > 0);
  text("events-count", more ? `the newest ${events.length}` : "");
  rows(byId("events"), events, idOf, (event) => buildLine(event, look), showLine);
}

/**
 * The events of the stage's VTN that no VEN acts on, with the reasons.
 * @param {FleetApi.UnactedEvent[]} events
 */
export function showUnacted(events) {
  show("unacted", events.length > 0);
  text("unacted-title", `${counted(events.length, "event")} of OpenADR not acted on`);
  rows(byId("unacted-list"), events, ({ oadrEventId }) => oadrEventId, buildUnacted, showUnactedLine);
}

function buildUnacted() {
  return make("li", {}, cell("name", make("b")), " ", cell("since", make("small")), cell("why", make("p")));
}

/**
 * @param {HTMLElement} row
 * @param {FleetApi.UnactedEvent} event
 */
function showUnactedLine(row, { name, program, why, ts }) {
  const at = cells(row);
  text(at("name"), name);
  text(at("since"), `${program ? `${program}, ` : ""}${dayTime(ts)}`);
  text(at("why"), why);
}

/**
 * Nothing is heard any more: what there was not may be there by now.
 * @param {number | null} heardTs when there was an answer last, null for never
 */
export function showUnheard(heardTs) {
  const when = heardTs === null ? "" : clockS(heardTs);
  text("none-title", when ? `No event ran at ${when}` : "Not known whether an event runs");
  text("none-words", when ? "One may run by now." : "The cloud has not answered yet.");
  text("events-empty", when ? `None at ${when}.` : "Not known yet.");
}

/** @param {FleetApi.ListedEvent} event */
const idOf = ({ eventId }) => eventId;

/**
 * @param {string} eventId
 * @param {Look} look
 * @param {string} className
 */
function details(eventId, look, className) {
  const node = make("button", { type: "button", className }, "Details…");
  node.setAttribute("aria-label", `Details of ${eventId}`);
  node.addEventListener("click", () => look(eventId));
  return node;
}

/**
 * @param {FleetApi.ListedEvent} event
 * @param {Look} look
 */
function buildBanner({ eventId }, look) {
  /**
   * @param {string} words
   * @param {string} name
   */
  const term = (words, name) => make("div", {}, make("dt", {}, words), cell(name, make("dd")));
  const title = make("h2", {}, cell("progress", make("span")), " ", cell("left", make("span")));
  const words = make("div", {}, title, cell("terms", make("p", { className: "muted" })));
  const bar = cell("meter", make("dd", { className: "meter" }, make("i")));
  return make(
    "li",
    { className: "card event active" },
    make("div", { className: "top" }, words, make("div", { className: "row" }, details(eventId, look, ""))),
    make(
      "dl",
      { className: "figures" },
      term("Requested", "requested"),
      term("Delivered now", "delivered"),
      term("Dispatched", "dispatched"),
      term("VENs", "vens"),
      cell("share", make("div", { className: "wide" }, cell("percent", make("dt")), bar)),
    ),
  );
}

/**
 * @param {HTMLElement} row
 * @param {FleetApi.ListedEvent} event
 */
function showBanner(row, event) {
  const at = cells(row);
  text(at("progress"), `Event: ${event.progress}`);
  countdowns.set(at("left"), event.endTs);
  text(at("terms"), terms(event).join(" · "));
  figure(at("requested"), ...reduction(event.askedKw));
  figure(at("delivered"), ...reduction(event.deliveredKw ?? 0));
  figure(at("dispatched"), kw(event.calledKw), event.askedKw < 0 ? "kW more" : "kW");
  figure(at("vens"), String(event.vens), event.vens === 1 ? "acts" : "act");
  show(at("share"), event.share !== null);
  text(at("percent"), `${percent(event.share ?? 0)} of the request`);
  meter(at("meter"), event.share ?? 0);
}

/** @param {FleetApi.ListedEvent} event */
function terms(event) {
  const { targets } = event;
  const words = [event.eventId, times(event), `requests ${event.request}`];
  if (targets.length > MOST_TARGETS) words.push(`of ${targets.length} targets`);
  else if (targets.length) words.push(`of ${targets.join(", ")}`);
  if (event.shortfallKw > 0) words.push(shortfall(event));
  return words;
}

/**
 * @param {FleetApi.ListedEvent} event
 * @param {Look} look
 */
function buildLine({ eventId }, look) {
  const line = make(
    "div",
    { className: "id" },
    cell("progress", make("b")),
    " ",
    cell("left", make("b")),
    cell("terms", make("span")),
    cell("result", make("span", { className: "result" })),
    make("small", {}, eventId),
  );
  return make("li", {}, line, details(eventId, look, "small"));
}

const MARKS = { running: "now", coming: "coming", over: "over" };

/**
 * @param {HTMLElement} row
 * @param {FleetApi.ListedEvent} event
 */
function showLine(row, event) {
  const at = cells(row);
  mark(row, MARKS[event.stage]);
  text(at("progress"), event.progress);
  if (event.untilTs === null) text(at("left"), "");
  else countdowns.set(at("left"), event.untilTs);
  const requests = event.stage === "over" ? "requested" : "requests";
  text(at("terms"), ` · ${times(event)} · ${requests} ${event.request}`);
  text(at("result"), event.result);
  show(at("result"), event.result !== "");
}
