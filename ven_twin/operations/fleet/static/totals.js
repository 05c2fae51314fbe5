// The figures of the fleet.
import { figure, mark, meter, show, text } from "/static/kit/dom.js";
import { clock, counted, kw, percent, reduction, span } from "/static/kit/format.js";
import { rules } from "./rules.js";

/**
 * @param {FleetApi.FleetView} view
 * @param {FleetApi.FleetTotals} fleet
 */
export function showTotals({ askedKw: requestedKw, deliveredKw, share, silent, neverSeen, events }, fleet) {
  text("online", `${fleet.online} of ${fleet.known}`);
  const never = neverSeen && fleet.known > 1 ? `, ${neverSeen} never seen` : "";
  text("online-words", `${fleet.known === 1 ? "VEN" : "VENs"}${never}`);
  text("shedding", String(fleet.shedding));
  text("shedding-words", fleet.shedding === 1 ? "VEN" : "VENs");
  figure("requested", ...reduction(requestedKw));
  const running = events.filter(({ stage }) => stage === "running").length;
  text("requested-words", running === 0 ? "no event runs" : `by ${counted(running, "event")}`);
  figure("delivered", ...reduction(deliveredKw));
  const unshared = requestedKw === 0 ? "nothing is requested" : "";
  text("delivered-words", share === null ? unshared : `${percent(share)} of the request`);
  show("delivered-meter", share !== null);
  meter("delivered-meter", share ?? 0);
  figure("flexibility", kw(fleet.flexibilityKw), "kW");
  text("flexibility-words", [...fleet.holds.slice(0, 2).map(hold), ...expected(fleet)].join("\n"));
  text("away", String(fleet.optedOut + (silent ?? 0)));
  const unheard = silent === null ? "silent not known" : `${silent} silent`;
  text("away-words", `${fleet.optedOut} opted out, ${unheard}`);
  mark("away", silent ? "bad" : "");
}

/**
 * @param {FleetApi.FleetView} view
 * @param {FleetApi.FleetTotals} fleet
 */
export function showNone({ events }, fleet) {
  const next = events.find(({ stage }) => stage === "coming");
  const then = next ? ` The next event is ${next.eventId}.` : "";
  const holds = fleet.holds.slice(0, 2).map(hold).join(", ");
  const offer = `The fleet could shed ${kw(fleet.flexibilityKw)} kW now: ${holds}.${then}`;
  text("none-words", fleet.known === 0 ? rules.noVens : offer);
}

/**
 * What can probably be shed from the next full hour on.
 * @param {FleetApi.FleetTotals} fleet
 */
const expected = ({ forecast }) =>
  forecast.slice(0, 1).map(({ ts, likelyKw }) => `${kw(likelyKw)} likely at ${clock(ts)}`);

/** @param {FleetApi.Holds} offer */
const hold = ({ minutes, kw: power }) => `${kw(power)} for ${span(minutes * 60)}`;
