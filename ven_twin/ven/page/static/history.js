// The events that are over: requested and delivered power, and their end.
import { byId, make, rows, show, text } from "/static/kit/dom.js";
import { dayTime, fixed, percent, reductionCell, shareOf, span } from "/static/kit/format.js";
import { currencyOf, savedBy } from "./days.js";
import { reasonWords, rules } from "./rules.js";

/** Less is written as none. */
const LEAST_KWH = 0.0005;

/** @param {VenApi.PastEvent[]} past */
export function showHistory(past) {
  show("history-empty", past.length === 0);
  text("history-empty", "None yet.");
  show("history-scroll", past.length > 0);
  show("history-saved", currencyOf() !== null);
  text("history-saved", `Saved, ${currencyOf()}`);
  rows(
    byId("history"),
    past,
    ({ eventId, endTs }) => `${eventId}@${endTs}@${currencyOf()}@${savedBy(eventId)}`,
    build,
    () => {},
  );
}

/** @param {VenApi.PastEvent} event */
function build(event) {
  const share = isRequested(event) ? shareOf(event.deliveredKw, event.askedKw) : null;
  const why = event.reason ? [make("small", {}, reasonWords(event.reason))] : [];
  const ended = make("span", { className: `ended ${event.ended}` }, rules.phases[event.ended]);
  return make(
    "tr",
    {},
    make("td", { className: "id", title: event.eventId }, when(event), make("small", {}, event.eventId)),
    make("td", { className: "words" }, ended, ...why),
    make("td", { className: "hide-small" }, reductionCell(event.askedKw)),
    make("td", {}, reductionCell(event.deliveredKw)),
    make("td", { className: "hide-small" }, energy(event)),
    make("td", {}, share === null ? "–" : percent(share)),
    ...(currencyOf() === null ? [] : [make("td", {}, savedBy(event.eventId) ?? "–")]),
  );
}

/** @param {VenApi.PastEvent} event */
function when({ startTs, endTs }) {
  return `${dayTime(startTs)}, ${endTs <= startTs ? "not begun" : span(endTs - startTs)}`;
}

/**
 * False of an event that was over before it started, such as one that was put off while it ran.
 * @param {VenApi.PastEvent} event
 */
const isRequested = ({ startTs, endTs, askedKwh: requestedKwh }) =>
  endTs > startTs && (requestedKwh === null || Math.abs(requestedKwh) >= LEAST_KWH);

/** @param {VenApi.PastEvent} event */
function energy(event) {
  const { deliveredKwh, askedKwh: requestedKwh } = event;
  if (deliveredKwh === null) return "–";
  const delivered = reductionCell(deliveredKwh, 3);
  if (requestedKwh === null || !isRequested(event)) return delivered;
  // Of both the direction is that of the request, told once.
  const sign = requestedKwh < 0 ? -1 : 1;
  return `${fixed(sign * deliveredKwh, 3)} of ${reductionCell(requestedKwh, 3)}`;
}
