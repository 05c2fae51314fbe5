// The chart of the fleet and of its VENs: what is shown, and where it is read.
import { TimeChart } from "/static/kit/chart.js";
import { byId, make, options, select, text } from "/static/kit/dom.js";
import { POWER } from "/static/kit/power_lines.js";
import { TimeRange } from "/static/kit/time_range.js";
import { FLEET } from "./chart.js";

const [EVENTS, USED] = ["events", "power"];
const WHOLE = /** @type {const} */ ([
  [EVENTS, "Requested and delivered"],
  [USED, "Used and baseline"],
]);
const VEN = "ven:";

/** @type {{ startTs: number, endTs: number }[]} */
let listed = [];
let known = "";

/** @param {() => number} nowTs */
export function setUp(nowTs) {
  const chart = new TimeChart(byId("plot"), byId("legend"), FLEET);
  const range = new TimeRange(chart, () => source(chart), nowTs);
  select("range-shown").append(make("optgroup", { label: "All VENs together" }, ...options(WHOLE)));
  select("range-shown").addEventListener("change", () => range.changed());
  return {
    /** Read anew what the server has. */
    reload: () => range.changed(),
    /**
     * @param {FleetApi.FleetView} view
     * @param {FleetApi.FleetTotals} fleet
     */
    update(view, fleet) {
      offer(fleet.vens.map(({ venId }) => venId));
      listed = [...view.events];
      if (!select("range-shown").value.startsWith(VEN)) chart.shadeEvents(listed);
      if (!range.streams) return;
      chart.push(view.cloud.heardTs ?? view.ts, {
        flexibilityKw: fleet.flexibilityKw,
        askedKw: view.askedKw,
        deliveredKw: view.deliveredKw,
      });
    },
  };
}

/**
 * @param {TimeChart<string>} chart
 * @returns {import("/static/kit/time_range.js").Source}
 */
function source(chart) {
  const shown = select("range-shown").value || EVENTS;
  const venId = shown.startsWith(VEN) ? shown.slice(VEN.length) : null;
  return {
    path: "/api/history",
    query: venId === null ? { show: shown } : { ven: venId },
    streams: shown === EVENTS,
    draw(history) {
      const title = WHOLE.find(([value]) => value === shown)?.[1] ?? `Used by ${venId}`;
      text("chart-what", title);
      chart.shadeEvents(venId === null ? listed : [...history.events]);
      chart.load(history, shown === EVENTS ? FLEET : POWER);
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
