// The panel: a row a circuit, with its switch, what it draws, its breaker, and why it is held back.
import { kw, percent } from "./format.js";
import { make, mark, rows, show, style, text } from "./dom.js";

const HIGH = 0.8;
const STATES = { off: "switched off", curtailed: "held back", idle: "draws nothing now", on: "on" };

export function showCircuits(host, circuits, toggle) {
  rows(host, circuits, (circuit) => circuit.id, (circuit) => build(circuit, toggle), update);
}

function build(circuit, toggle) {
  const control = make("button", { type: "button", className: "switch" });
  control.setAttribute("role", "switch");
  const keep = make("button", { type: "button", className: "small" }, "Let it run");
  const row = make(
    "li",
    {},
    control,
    make("div", { className: "name" }, make("span"), make("small")),
    make("div", { className: "load" }, make("div", { className: "meter" }, make("i")), make("small")),
    make("div", { className: "kw" }),
    make("div", { className: "why" }, make("span"), keep),
  );
  control.addEventListener("click", () => toggle(circuit.id, control.getAttribute("aria-checked") !== "true"));
  keep.addEventListener("click", () => toggle(circuit.id, true));
  return row;
}

function update(row, circuit) {
  const [control, name, load, power, why] = row.children;
  mark(row, `${circuit.state}${circuit.byHand ? " byhand" : ""}`);
  const checked = String(circuit.enabled);
  if (control.getAttribute("aria-checked") !== checked) control.setAttribute("aria-checked", checked);
  const label = `${circuit.name}, ${STATES[circuit.state]}`;
  if (control.getAttribute("aria-label") !== label) control.setAttribute("aria-label", label);
  text(name.firstChild, circuit.name);
  text(name.lastChild, standing(circuit));
  const meter = load.firstChild;
  mark(meter, circuit.breakerLoad >= HIGH ? "meter high" : "meter");
  style(meter, "--share", percent(Math.min(1, circuit.breakerLoad)).replace(" ", ""));
  text(load.lastChild, `${percent(circuit.breakerLoad)} of ${circuit.breakerAmps} A`);
  text(power, `${kw(circuit.powerKw)} kW`);
  const words = reason(circuit);
  show(why, words !== "");
  text(why.firstChild, words);
  show(why.lastChild, circuit.state === "curtailed" && !circuit.byHand);
  const offer = `Let it run: ${circuit.name}, out of this event`;
  if (why.lastChild.getAttribute("aria-label") !== offer) why.lastChild.setAttribute("aria-label", offer);
}

function reason(circuit) {
  if (circuit.byHand) return "switched by hand: out of this event";
  if (circuit.curtailedKw <= 0) return "";
  return circuit.reason.startsWith("discharges") ? circuit.reason : `−${kw(circuit.curtailedKw)} kW: ${circuit.reason}`;
}

// Its rank, and why it is left alone where it could be thought that it has something to give.
function standing(circuit) {
  if (circuit.critical) return "critical, never shed";
  const rank = `priority ${circuit.priority}`;
  if (!circuit.enabled) return `${rank} · switched off`;
  return circuit.state === "on" && circuit.reason && circuit.type !== "pv" && !circuit.byHand ? `${rank} · ${circuit.reason}` : rank;
}
