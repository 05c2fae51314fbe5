// The chart of the fleet and of its VENs: what is shown, and where it is read.
import { TimeChart } from "/static/kit/chart.js";
import { layered } from "/static/kit/circuit_layers.js";
import { byId, make, options, select, show, text } from "/static/kit/dom.js";
import { POWER } from "/static/kit/power_lines.js";
import { TimeRange } from "/static/kit/time_range.js";
import { FLEET } from "./chart.js";

const [EVENTS, USED] = ["events", "power"];
const WHOLE = /** @type {const} */ ([
  [EVENTS, "Requested and delivered"],
  [USED, "Used and baseline"],
]);
const VEN = "ven:";
const CIRCUITS = "circuits";

/** @type {readonly { startTs: number, endTs: number }[]} the events that the stream has: the newest */
let listed = [];
/** @type {readonly { startTs: number, endTs: number }[]} those of the time that is shown */
let stored = [];
let more = false;
let known = "";

/** @param {() => number} nowTs */
export function setUp(nowTs) {
  const chart = new TimeChart(byId("plot"), byId("legend"), FLEET);
  const range = new TimeRange(chart, () => source(chart), nowTs);
  select("range-shown").append(make("optgroup", { label: "All VENs together" }, ...options(WHOLE)));
  for (const id of ["range-shown", "range-detail"]) {
    select(id).addEventListener("change", () => {
      show("range-detail", shownVen() !== null);
      range.changed();
    });
  }
  return {
    /** Read anew what the server has. */
    reload: () => range.changed(),
    /**
     * @param {FleetApi.FleetView} view
     * @param {FleetApi.FleetTotals} fleet
     */
    update(view, fleet) {
      offer(fleet.vens.map(({ venId }) => venId));
      listed = view.events;
      more = view.moreEvents;
      if (shownVen() === null) shade(chart);
      if (!range.streams) return;
      chart.push(view.cloud.heardTs ?? view.ts, {
        flexibilityKw: fleet.flexibilityKw,
        askedKw: view.askedKw,
        deliveredKw: view.deliveredKw,
      });
    },
  };
}

/** The VEN that is shown, null for all of them together. */
function shownVen() {
  const { value } = select("range-shown");
  return value.startsWith(VEN) ? value.slice(VEN.length) : null;
}

/**
 * Shade the fleet's events: of what the stream lists it knows best; the store has those before.
 * @param {TimeChart<string>} chart
 */
function shade(chart) {
  const oldest = more ? Math.min(...listed.map(({ startTs }) => startTs)) : 0;
  chart.shadeEvents([...listed, ...stored.filter(({ startTs }) => startTs < oldest)]);
}

/**
 * @param {TimeChart<string>} chart
 * @returns {import("/static/kit/time_range.js").Source}
 */
function source(chart) {
  const venId = shownVen();
  return venId === null ? ofFleet(chart, select("range-shown").value || EVENTS) : ofVen(chart, venId);
}

/**
 * @param {TimeChart<string>} chart
 * @param {string} shown
 * @returns {import("/static/kit/time_range.js").Source}
 */
function ofFleet(chart, shown) {
  return {
    path: "/api/history",
    query: { show: shown },
    streams: shown === EVENTS,
    draw(history) {
      text("chart-what", WHOLE.find(([value]) => value === shown)?.[1] ?? "");
      stored = history.events;
      shade(chart);
      chart.load(history, shown === EVENTS ? FLEET : POWER);
    },
  };
}

/**
 * @param {TimeChart<string>} chart
 * @param {string} venId
 * @returns {import("/static/kit/time_range.js").Source}
 */
function ofVen(chart, venId) {
  const shown = select("range-detail").value;
  const byCircuit = shown === CIRCUITS;
  return {
    path: "/api/history",
    query: { ven: venId, show: shown },
    streams: false,
    draw(history) {
      text("chart-what", byCircuit ? `Circuits of ${venId}` : `Used by ${venId}`);
      chart.shadeEvents([...history.events]);
      if (byCircuit) {
        const { kind, points } = layered(history, (id) => history.labels[id] ?? id);
        chart.load(points, kind);
      } else {
        chart.load(history, POWER);
      }
    },
  };
}

/**
 * Offer these VENs for the chart; what is chosen stays chosen.
 * @param {string[]} venIds
 */
function offer(venIds) {
  const inOrder = venIds.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
  if (inOrder.join() === known) return;
  known = inOrder.join();
  const chosen = select("range-shown").value;
  document.getElementById("range-vens")?.remove();
  const choices = options(inOrder.map((venId) => /** @type {const} */ ([VEN + venId, venId])));
  select("range-shown").append(make("optgroup", { id: "range-vens", label: "One VEN" }, ...choices));
  select("range-shown").value = chosen;
}
