// The dialog by which a resident opts out: a reason, and an end.
import { byId, dialog, options, select } from "/static/kit/dom.js";
import { dayTime } from "/static/kit/format.js";
import { rules } from "./rules.js";

const ENDS = /** @type {const} */ ([
  ["", "I opt in again"],
  ["3600", "in 1 hour"],
  ["14400", "in 4 hours"],
]);

/**
 * @param {() => VenApi.VenView | null} view
 * @param {() => number} venTs
 * @param {(body: VenApi.OptOutCall) => void} optOut
 */
export function setUp(view, venTs, optOut) {
  const reasons = rules.optOutReasons.map(({ value, sentence }) => /** @type {const} */ ([value, sentence]));
  select("opt-out-reason").replaceChildren(...options(reasons));
  byId("opt-out").addEventListener("click", () => open(view()?.events ?? [], venTs()));
  const box = dialog("opt-out-dialog");
  box.addEventListener("close", () => {
    if (box.returnValue !== "yes") return;
    box.returnValue = "";
    const after = select("opt-out-until").value;
    const untilTs = after === "" ? null : Math.ceil(venTs() + Number(after));
    optOut({ reason: select("opt-out-reason").value, untilTs });
  });
}

/**
 * @param {VenApi.EventView[]} events
 * @param {number} nowTs
 */
function open(events, nowTs) {
  const active = events.find(({ phase }) => phase === "active");
  const midnightTs = new Date().setHours(24, 0, 0, 0) / 1000;
  /** @type {(readonly [string, string])[]} */
  const ends = [...ENDS, [String(Math.max(60, midnightTs - nowTs)), "midnight"]];
  if (active) {
    const left = String(Math.ceil(active.endTs - nowTs) + 1);
    ends.unshift([left, `this event ends, ${dayTime(active.endTs)}`]);
  }
  select("opt-out-until").replaceChildren(...options(ends));
  dialog("opt-out-dialog").showModal();
}
