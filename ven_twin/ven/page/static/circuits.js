// The panel: a row a circuit, with its switch, what it draws, its breaker, and why it is held back.
import { attribute, cell, cells, make, mark, meter, rows, show, text } from "/static/kit/dom.js";
import { fixed, kw, percent } from "/static/kit/format.js";
import { rules } from "./rules.js";

/** What rounds to nothing is not shown. */
const LEAST_KVAR = 0.005;

/** @typedef {(id: string, enabled: boolean) => void} Toggle */

/**
 * @param {HTMLElement} host
 * @param {VenApi.CircuitRow[]} circuits
 * @param {Toggle} toggle
 */
export function showCircuits(host, circuits, toggle) {
  rows(
    host,
    circuits,
    ({ id }) => id,
    ({ id }) => build(id, toggle),
    update,
  );
}

/**
 * Reactive and apparent power, of the circuits whose power factor is known; nothing of a house without them.
 * @param {VenApi.ReactiveView | null} reactive
 * @param {number} circuitCount
 */
export function showReactive(reactive, circuitCount) {
  show("reactive", reactive !== null);
  if (reactive === null) return;
  const { kvar, kva, powerFactor, circuits } = reactive;
  const factor = powerFactor === null ? "" : `, power factor ${fixed(powerFactor, 2)}`;
  const of = circuits < circuitCount ? `${circuits} of ${circuitCount}` : "All";
  text("reactive", `${of} circuits: ${kw(kvar)} kvar, ${kw(kva)} kVA${factor}`);
}

/**
 * @param {string} id
 * @param {Toggle} toggle
 */
function build(id, toggle) {
  const control = cell("switch", make("button", { type: "button", className: "switch" }));
  control.setAttribute("role", "switch");
  const run = cell("run", make("button", { type: "button", className: "small" }, "Let it run"));
  control.addEventListener("click", () => toggle(id, control.getAttribute("aria-checked") !== "true"));
  run.addEventListener("click", () => toggle(id, true));
  const bar = cell("meter", make("div", { className: "meter" }, make("i")));
  return make(
    "li",
    {},
    control,
    make("div", { className: "name" }, cell("name", make("span")), cell("rank", make("small"))),
    make("div", { className: "load" }, bar, cell("load", make("small"))),
    cell("kw", make("div", { className: "kw" })),
    cell("why", make("div", { className: "why" }, cell("reason", make("span")), run)),
  );
}

/**
 * @param {HTMLElement} row
 * @param {VenApi.CircuitRow} circuit
 */
function update(row, circuit) {
  const at = cells(row);
  mark(row, `${circuit.state}${circuit.byHand ? " byhand" : ""}`);
  show(at("switch"), circuit.switchable);
  attribute(at("switch"), "aria-checked", String(circuit.enabled));
  attribute(at("switch"), "aria-label", `${circuit.name}, ${rules.circuitStates[circuit.state]}`);
  text(at("name"), circuit.name);
  text(at("rank"), circuit.rank);
  show(at("rank"), circuit.rank !== "");
  mark(at("meter"), circuit.breakerLoad >= rules.breakerHigh ? "meter high" : "meter");
  meter(at("meter"), circuit.breakerLoad);
  const kvar = Math.abs(circuit.kvar ?? 0) < LEAST_KVAR ? "" : `, ${kw(circuit.kvar ?? 0)} kvar`;
  text(at("load"), `${percent(circuit.breakerLoad)} of ${circuit.breakerAmps} A${kvar}`);
  text(at("kw"), `${kw(circuit.powerKw)} kW`);
  show(at("why"), circuit.why !== null);
  text(at("reason"), circuit.why ?? "");
  show(at("run"), circuit.state === "curtailed" && !circuit.byHand);
  attribute(at("run"), "aria-label", `Let it run: ${circuit.name}, out of this event`);
}
