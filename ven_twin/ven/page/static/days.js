// The days: energy at the grid connection, and by a tariff money and CO2.
import { read } from "/static/kit/api.js";
import { byId, make, rows, show, text } from "/static/kit/dom.js";
import { dayOf, fixed, reductionCell, span } from "/static/kit/format.js";

/** So many days are listed; the file has all of them. */
const LISTED = 14;
const WHOLE_DAY_S = 86_400 - 900;
const SMALL = 0.1;

/** @type {VenApi.DaySums | null} */
let sums = null;

/** Read the days anew and show them. */
export async function showDays() {
  const answer = /** @type {VenApi.DaySums} */ (await read("/api/days"));
  sums = answer;
  const { currency, days } = answer;
  const emits = days.some(({ co2Kg }) => co2Kg !== null);
  show("days-empty", days.length === 0);
  text("days-empty", "None yet: the first quarter hour is being lived.");
  show("days-scroll", days.length > 0);
  show("days-cost", currency !== null);
  show("days-co2", emits);
  text("days-cost", currency === null ? "" : `Cost, ${currency}`);
  rows(
    byId("days"),
    days.slice(0, LISTED),
    (day) => JSON.stringify(day),
    (day) => build(day, currency !== null, emits),
    () => {},
  );
  show("days-more", days.length > LISTED);
  text("days-more", `The CSV file has all ${days.length} days.`);
}

/**
 * The money that an event saved, payback included, and its currency; null where no tariff tells, or the
 * event is older than a week.
 * @param {string} eventId
 * @returns {string | null}
 */
export function savedBy(eventId) {
  const cost = sums?.events.find((event) => event.eventId === eventId)?.changedCost ?? null;
  return cost === null ? null : reductionCell(-cost, moneyDigits(cost));
}

/** The tariff's currency, null without one. */
export const currencyOf = () => sums?.currency ?? null;

/**
 * An event of a minute in one house is worth less than a cent.
 * @param {number} amount
 */
const moneyDigits = (amount) => (Math.abs(amount) >= SMALL || amount === 0 ? 2 : 4);

/**
 * @param {VenApi.DaySum} day
 * @param {boolean} costs
 * @param {boolean} emits
 */
function build(day, costs, emits) {
  const { measuredS, boughtKwh, fedInKwh, changedKwh, cost, changedCost, co2Kg } = day;
  const part = measuredS < WHOLE_DAY_S ? [make("small", {}, `${span(measuredS)} of it`)] : [];
  const amounts = [];
  if (costs) {
    amounts.push(make("td", {}, cost === null ? "–" : fixed(cost, 2), changed(changedCost)));
  }
  if (emits) amounts.push(make("td", { className: "hide-small" }, co2Kg === null ? "–" : fixed(co2Kg, 1)));
  return make(
    "tr",
    {},
    make("td", {}, dayOf(Date.parse(`${day.day}T12:00`) / 1000), ...part),
    make("td", {}, fixed(boughtKwh, 1)),
    make("td", { className: "hide-small" }, fixed(fedInKwh, 1)),
    make("td", {}, changedKwh === 0 ? "–" : reductionCell(-changedKwh, 2)),
    ...amounts,
  );
}

/**
 * The money that events changed, smaller; nothing where they changed none.
 * @param {number | null} cost
 */
function changed(cost) {
  if (cost === null || Math.abs(cost) < 0.0001) return "";
  const side = cost < 0 ? "less" : "more";
  return make("small", {}, `${fixed(Math.abs(cost), moneyDigits(cost))} ${side} by events`);
}
