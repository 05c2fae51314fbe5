// The panel: a row a circuit, with its switch, what it draws, its breaker, and why it is held back.
import { attribute, cell, cells, make, mark, meter, rows, show, text } from "/static/kit/dom.js";
import { kw, percent } from "/static/kit/format.js";
import { rules } from "./rules.js";

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
  text(at("load"), `${percent(circuit.breakerLoad)} of ${circuit.breakerAmps} A`);
  text(at("kw"), `${kw(circuit.powerKw)} kW`);
  show(at("why"), circuit.why !== null);
  text(at("reason"), circuit.why ?? "");
  show(at("run"), circuit.state === "curtailed" && !circuit.byHand);
  attribute(at("run"), "aria-label", `Let it run: ${circuit.name}, out of this event`);
}
