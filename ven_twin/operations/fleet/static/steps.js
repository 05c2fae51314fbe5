// The steps of the form: signal, value and duration.
import { byId, cell, cells, make, options, show } from "/static/kit/dom.js";
import { rules } from "./rules.js";

/** @typedef {FleetApi.Interval} Interval */
/**
 * The initial values of a step.
 * @typedef {{ signal: Interval["signal"], value: number | null, durationS: number }} Step
 */

const { signals, durationS: duration, intervalsMax } = rules.form;
const SIGNALS = new Map(signals.map((rule) => [rule.value, rule]));
const CHOICES = signals.map(({ value, words }) => /** @type {const} */ ([value, words]));
const NEXT_STEP = { signal: "shedKw", value: null, durationS: 600 };
let changed = () => {};

/** @param {() => void} onChange called when a step is added, dropped or changed by a button */
export function setUp(onChange) {
  changed = onChange;
  byId("step-more").addEventListener("click", () => {
    cells(add(/** @type {Step} */ (NEXT_STEP)))("value").focus();
    changed();
  });
}

/** @param {Step[]} steps */
export function fill(steps) {
  byId("steps").replaceChildren();
  for (const step of steps) add(step);
}

const rows = () => [...byId("steps").children].filter((node) => node instanceof HTMLElement);

/**
 * @param {HTMLElement} row
 * @param {string} name
 */
const field = (row, name) => /** @type {HTMLInputElement} */ (cells(row)(name));

/** @param {HTMLElement} row */
const signalOf = (row) => /** @type {Interval["signal"]} */ (field(row, "signal").value);

/**
 * The steps as they are sent. A value that is not filled in is NaN.
 * @returns {Interval[]}
 */
export const steps = () =>
  rows().map((row) => ({
    signal: signalOf(row),
    value: Number(field(row, "value").value || NaN),
    durationS: Math.round(Number(field(row, "minutes").value || NaN) * 60),
  }));

/** @param {number} kw */
export function setFirst(kw) {
  const [first] = rows();
  if (first) field(first, "value").value = kw.toFixed(2);
}

export function focusFirst() {
  const [first] = rows();
  if (first) field(first, "value").focus();
}

/** One step cannot be dropped, and no more are added than an event takes. */
export function showButtons() {
  const all = rows();
  for (const row of all) show(cells(row)("drop"), all.length > 1);
  show("step-more", all.length < intervalsMax);
}

/** @param {Step} step */
function add({ signal, value, durationS }) {
  const kind = cell("signal", make("select", { className: "signal" }, ...options(CHOICES)));
  const amount = cell("value", make("input", { type: "number", className: "value" }));
  const minutes = cell("minutes", make("input", { type: "number", className: "minutes", step: "any" }));
  const drop = cell("drop", make("button", { type: "button", className: "small" }, "Drop"));
  const row = make(
    "li",
    {},
    labelled("Signal", kind, "signal"),
    labelled("How much", amount, "value"),
    labelled("For, min", minutes, "durationS"),
    drop,
  );
  minutes.min = String(Math.floor(duration.minimum / 60));
  minutes.max = String(duration.maximum / 60);
  minutes.value = String(durationS / 60);
  kind.value = signal;
  amount.value = value === null ? "" : String(value);
  setRange(row);
  kind.addEventListener("change", () => {
    amount.value = String(setRange(row).suggested);
    changed();
  });
  drop.addEventListener("click", () => {
    row.remove();
    changed();
  });
  byId("steps").append(row);
  return row;
}

/** @param {HTMLElement} row */
function setRange(row) {
  const rule = SIGNALS.get(signalOf(row));
  if (rule === undefined) throw new Error(`there is no signal ${signalOf(row)}`);
  const { minimum: min, maximum: max, step } = rule;
  Object.assign(field(row, "value"), { min, max, step });
  return rule;
}

/**
 * @param {string} words
 * @param {HTMLElement} node
 * @param {string} name the field in the request
 */
function labelled(words, node, name) {
  const label = make("label", {}, words, node);
  label.dataset.field = name;
  return label;
}
