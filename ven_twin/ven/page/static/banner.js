// The event that matters now, with its countdown; the others below it.
import { Countdowns } from "/static/kit/countdown.js";
import { button, byId, cell, cells, figure, make, mark, meter, rows, show, text } from "/static/kit/dom.js";
import { clockS, dayTime, fixed, kw, percent, period, reduction, shareOf, span } from "/static/kit/format.js";
import { reasonWords } from "./rules.js";

/**
 * The banner's texts; *spoken* is for screen readers, title and words by default.
 * @typedef {{
 *   look: "" | "near" | "active" | "left", title: string, words: string, spoken?: string,
 * }} Banner
 */

const countdowns = new Countdowns();
let announced = "";
let isQuiet = false;

/** @param {VenApi.VenView} view */
export function showBanner(view) {
  const { events, power, ven } = view;
  const main = chosen(events);
  const { look, title, words, spoken = `${title} ${words}` } = banner(main, view);
  countdowns.clear();
  text("event-left", "");
  mark("event", `card event ${look}`);
  text("event-title", title);
  text("event-words", words);
  isQuiet = main === null && ven.takesPart;
  const active = main !== null && main.phase === "active" && ven.takesPart;
  if (main !== null && look !== "left") countdowns.set(byId("event-left"), nextTs(main));
  show("event-figures", active);
  if (active) showFigures(main, power);
  showOthers(events.filter((event) => event !== main));
  show("opt-out", ven.takesPart);
  show("opt-in", ven.status === "optedOut");
  button("opt-out").disabled = false;
  count(view.ts);
  announce(spoken);
}

/**
 * Nothing is heard any more: where there was no event one may run by now.
 * @param {number | null} heardMs when the VEN was heard last
 */
export function showUnheard(heardMs) {
  if (!isQuiet || heardMs === null) return;
  text("event-title", `No event at ${clockS(heardMs / 1000)}`);
  text("event-words", "One may run by now.");
}

/**
 * Countdowns as of *ts*, the VEN's time.
 * @param {number} ts
 */
export function count(ts) {
  countdowns.show(ts);
}

/** @param {VenApi.EventView[]} events */
function chosen(events) {
  const going = events.filter(({ phase }) => phase !== "optedOut");
  const active = going.find(({ phase }) => phase === "active");
  return going.find(({ inForce }) => inForce) ?? active ?? going[0] ?? events[0] ?? null;
}

/** @param {VenApi.EventView} event */
const nextTs = ({ phase, startTs, endTs }) => (phase === "active" ? endTs : startTs);

/** @param {VenApi.EventView} event */
const terms = ({ eventId, startTs, endTs, request }) =>
  `${eventId} · ${period(startTs, endTs)} · requests ${request}`;

/**
 * What can be shed and for how long, with the chance that it is kept.
 * @param {VenApi.PowerView} power
 */
function offer({ offers, offerConfidence }) {
  if (offers.length === 0) return "nothing that lasts";
  const [finest, ...coarser] = new Set(offers.map(({ meanS }) => meanS));
  /** @param {number | undefined} meanS */
  const listed = (meanS) =>
    offers
      .filter((one) => one.meanS === meanS)
      .map((one) => `${kw(one.kw)} kW for ${span(one.sustainS)}`)
      .join(" or ");
  const more = coarser
    .filter((meanS) => listed(meanS) !== listed(finest))
    .map((meanS) => `; averaged over ${span(meanS)}, ${listed(meanS)}`);
  return `${listed(finest)}${more.join("")}, in ${fixed(offerConfidence * 10, 0)} of 10 cases`;
}

/**
 * @param {VenApi.EventView | null} event
 * @param {VenApi.VenView} view
 * @returns {Banner}
 */
function banner(event, { ven, power, cloud }) {
  if (ven.status === "disabled") {
    const words = "The VEN takes no part in events until it is enabled again.";
    return { look: "left", title: "Disabled by the operator", words };
  }
  if (ven.status === "optedOut") {
    const until = ven.untilTs === null ? "until you opt in again" : `until ${dayTime(ven.untilTs)}`;
    const which = event === null ? "" : ` ${event.eventId} goes on without this house.`;
    const words = `Reason: ${reasonWords(ven.reason)}; ${until}.${which}`;
    return { look: "left", title: "Opted out of events", words };
  }
  if (event === null && !cloud.connected) {
    const words = "The VEN is not connected to the cloud: one may have been made since.";
    return { look: "", title: "No event is known here", words };
  }
  if (event === null) {
    const words = `If one came now, the house can shed ${offer(power)}.`;
    return { look: "", title: "No event", words, spoken: "No event" };
  }
  if (event.phase === "optedOut") {
    const words = `${terms(event)}. It goes on without this house.`;
    return { look: "left", title: "You left this event", words };
  }
  const words = terms(event);
  if (event.phase === "active") {
    return { look: "active", title: "Event: ends in", words, spoken: `Event runs: ${words}` };
  }
  return { look: "near", title: "Event: starts in", words, spoken: `Event scheduled: ${words}` };
}

/**
 * @param {VenApi.EventView} event
 * @param {VenApi.PowerView} power
 */
function showFigures(event, power) {
  const requestedKw = power.askedKw ?? event.askedKw ?? 0;
  figure("event-requested", ...reduction(requestedKw));
  figure("event-now", ...reduction(power.shedKw));
  figure("event-mean", ...reduction(event.deliveredKw));
  figure("event-kwh", ...reduction(event.deliveredKwh, "kWh", 3));
  const share = shareOf(power.shedKw, requestedKw);
  show("event-delivered", share !== null);
  if (share === null) return;
  const shown = Math.min(1, Math.max(0, share));
  meter("event-meter", shown);
  text("event-share", percent(shown));
}

/** @param {VenApi.EventView[]} others */
function showOthers(others) {
  show("event-others", others.length > 0);
  rows(byId("event-others"), others, ({ eventId }) => eventId, buildOther, showOther);
}

function buildOther() {
  const state = make("span", { className: "muted" }, cell("state", make("span")), cell("left", make("b")));
  return make("li", {}, cell("terms", make("span")), state);
}

/**
 * @param {HTMLElement} row
 * @param {VenApi.EventView} event
 */
function showOther(row, event) {
  const at = cells(row);
  const waits = event.phase === "active" ? "waits for the one above, ends in " : "starts in ";
  const isLeft = event.phase === "optedOut";
  text(at("terms"), terms(event));
  text(at("state"), isLeft ? "left" : waits);
  if (isLeft) text(at("left"), "");
  else countdowns.set(at("left"), nextTs(event));
}

/**
 * For screen readers: once when it changes, not with every second of the countdown.
 * @param {string} spoken
 */
function announce(spoken) {
  if (spoken !== announced) text("announce", spoken);
  announced = spoken;
}
