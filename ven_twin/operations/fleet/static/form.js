// The form by which an event is created or revised. What the cloud refuses stands at the field.
import { call } from "/static/api.js";
import { byId, make, rows, show, text } from "/static/dom.js";
import { kw, span } from "/static/format.js";

const SIGNALS = {
  shedKw: { says: "Draw less, kW in all", step: 0.1, value: 1 },
  importLimitKw: { says: "Import at most, kW each", step: 0.1, value: 3 },
  level: { says: "Level, 0 normal to 3 emergency", step: 1, value: 1 },
};
const STARTS = [["0", "now"], ["60", "in 1 min"], ["300", "in 5 min"], ["900", "in 15 min"], ["3600", "in 1 hour"], ["at", "at …"]];
const LOWEST = 1000000;
const inOrder = new Intl.Collator("en", { numeric: true }).compare;
const dialog = byId("form-dialog");
let board = null;
let nowTs = () => Date.now() / 1000;
let revised = null;
let eventId = "";
let done = () => {};

export function setUp(serverTs, told) {
  nowTs = serverTs;
  done = told;
  byId("form").addEventListener("submit", send);
  byId("form-close").addEventListener("click", () => dialog.close());
  byId("step-more").addEventListener("click", () => addStep({ signal: "shedKw", value: "", durationS: 600 }).querySelector("input").focus());
  byId("share-slider").addEventListener("input", (event) => take(Number(event.target.value)));
  for (const button of document.querySelectorAll("[data-share]")) button.addEventListener("click", () => take(Number(button.dataset.share)));
  byId("form").addEventListener("input", offer);
  byId("form-start").addEventListener("change", showAt);
  for (const radio of document.querySelectorAll("[name=who]")) radio.addEventListener("change", () => (showTargets(), offer()));
}

export function update(shown) {
  board = shown;
  if (dialog.open) offer();
}

export function create() {
  eventId = `evt-${new Date(nowTs() * 1000).toISOString().slice(0, 19).replaceAll("-", "").replace("T", "-").replaceAll(":", "")}-${Math.random().toString(16).slice(2, 6)}`;
  const kwNow = Math.max(0.1, Math.floor(board.fleet.flexibilityKw * 5) / 10);
  open(null, { intervals: [{ signal: "shedKw", value: kwNow, durationS: 900 }], targets: [], programme: "default", allocation: "merit", priority: LOWEST, randomizeStartS: 0 });
}

export function revise(event) {
  open(event, event);
}

function open(event, { intervals, targets, programme, allocation, priority, randomizeStartS }) {
  revised = event;
  text("form-title", event ? "Revise the event" : "New event");
  text("form-words", event ? `${event.eventId}: what it asks for is replaced by this.` : "");
  show("form-words", event !== null);
  text("form-send", event ? "Revise event" : "Create event");
  byId("steps").replaceChildren();
  intervals.forEach(addStep);
  const starts = event ? [["", "where it is"], ...STARTS] : STARTS;
  byId("form-start").replaceChildren(...starts.map(([value, words]) => make("option", { value }, words)));
  const names = new Set(["default", ...board.events.map((each) => each.programme)]);
  byId("programmes").replaceChildren(...[...names].map((value) => make("option", { value })));
  byId("form-programme").value = programme;
  byId("form-allocation").value = allocation;
  byId("form-priority").value = priority === LOWEST ? "" : priority;
  byId("form-spread").value = randomizeStartS / 60;
  byId("form-more").open = false;
  document.querySelector(`[name=who][value=${targets.length ? "some" : "all"}]`).checked = true;
  listTargets(new Set(targets));
  showAt();
  showTargets();
  wrong(null);
  offer();
  dialog.showModal();
  byId("steps").querySelector("input").focus();
}

function addStep({ signal, value, durationS }) {
  const kind = make("select", { className: "signal" }, ...Object.entries(SIGNALS).map(([name, { says }]) => make("option", { value: name }, says)));
  const amount = make("input", { type: "number", className: "value", min: 0, value });
  const minutes = make("input", { type: "number", className: "minutes", min: 0, step: "any", value: durationS / 60 });
  const drop = make("button", { type: "button", className: "small" }, "Drop");
  const part = (words, node, field) => {
    const label = make("label", {}, words, node);
    label.dataset.field = field;
    return label;
  };
  const row = make("li", {}, part("Asks to", kind, "signal"), part("How much", amount, "value"), part("For, min", minutes, "durationS"), drop);
  kind.value = signal;
  const stepped = () => (amount.step = SIGNALS[kind.value].step);
  stepped();
  kind.addEventListener("change", () => {
    amount.value = SIGNALS[kind.value].value;
    stepped();
  });
  drop.addEventListener("click", () => {
    row.remove();
    offer();
  });
  byId("steps").append(row);
  offer();
  return row;
}

function steps() {
  return [...byId("steps").children].map((row) => ({
    signal: row.querySelector(".signal").value,
    value: Number(row.querySelector(".value").value || NaN),
    durationS: Math.round(Number(row.querySelector(".minutes").value || NaN) * 60),
  }));
}

// The VENs that would be asked and that can be counted on.
function asked() {
  const chosen = targets();
  const counted = board.fleet.vens.filter((ven) => ven.offersKw !== undefined);
  if (chosen === null) return counted;
  return counted.filter((ven) => chosen.includes(ven.venId) || (ven.groups ?? []).some((group) => chosen.includes(group)));
}

const sum = (vens) => vens.reduce((kwSoFar, ven) => kwSoFar + ven.offersKw, 0);
const onOffer = () => (targets() === null ? board.fleet.flexibilityKw : sum(asked()));

function take(percent) {
  byId("steps").querySelector(".value").value = (Math.floor(onOffer() * percent) / 100).toFixed(2);
  offer();
}

// What there is of it, before it is promised.
function offer() {
  if (board === null || byId("steps").children.length === 0) return;
  const wanted = steps();
  for (const row of byId("steps").children) show(row.querySelector("button"), wanted.length > 1);
  const sheds = wanted[0].signal === "shedKw";
  show("share", sheds);
  show("offer", sheds);
  if (!sheds) return;
  const there = onOffer();
  const share = there > 0 ? (wanted[0].value / there) * 100 : 0;
  if (document.activeElement !== byId("share-slider")) byId("share-slider").value = Math.min(100, share || 0);
  byId("share-slider").setAttribute("aria-valuetext", `${Math.round(share || 0)} percent`);
  const lastsS = wanted.reduce((s, step) => s + (step.durationS || 0), 0);
  const held = sum(asked().filter((ven) => (ven.sustainS ?? 0) >= lastsS));
  const taken = asked().reduce((kwSoFar, ven) => kwSoFar + Math.max(0, ven.deliveredKw ?? 0), 0);
  const part = Number.isFinite(share) ? `${Math.round(share)} % of the ` : "Of ";
  text("offer", `${part}${kw(there)} kW on offer; ${kw(held)} kW of it can be held for ${span(lastsS)}.${taken > 0.005 ? ` ${kw(taken)} kW of it is shed already.` : ""}`);
}

function listTargets(chosen) {
  const groups = new Map();
  for (const ven of board.fleet.vens) for (const group of ven.groups ?? []) groups.set(group, (groups.get(group) ?? 0) + 1);
  const names = [
    ...[...groups].sort().map(([name, count]) => [name, `${name} (group of ${count})`]),
    ...board.fleet.vens.map((ven) => [ven.venId, ven.venId]).sort(([a], [b]) => inOrder(a, b)),
  ];
  for (const name of chosen) if (!names.some(([known]) => known === name)) names.push([name, name]);
  byId("targets").replaceChildren();
  rows(byId("targets"), names, ([name]) => name, ([name, words]) => {
    const box = make("input", { type: "checkbox", value: name, checked: chosen.has(name) });
    return make("li", {}, make("label", { className: "inline" }, box, ` ${words}`));
  }, () => {});
}

// Who is asked, or null for every VEN.
function targets() {
  if (document.querySelector("[name=who]:checked").value === "all") return null;
  return [...byId("targets").querySelectorAll(":checked")].map((box) => box.value);
}

const showTargets = () => show("targets", targets() !== null);
const showAt = () => show("form-at-label", byId("form-start").value === "at");

function startTs() {
  const after = byId("form-start").value;
  if (after === "") return revised.startTs;
  if (after === "at") return Math.round(new Date(byId("form-at").value).getTime() / 1000);
  return after === "0" ? undefined : Math.round(nowTs() + Number(after));
}

function body() {
  const found = { intervals: steps(), allocation: byId("form-allocation").value, programme: byId("form-programme").value.trim() };
  found.intervals.forEach((step, n) => {
    if (!Number.isFinite(step.value)) throw refused(`intervals[${n}].value`, "how much?");
    if (!(step.durationS >= 1)) throw refused(`intervals[${n}].durationS`, "for how long?");
  });
  const chosen = targets();
  if (chosen !== null && chosen.length === 0) throw refused("targets", "choose at least one");
  if (chosen !== null) found.targets = chosen;
  found.startTs = revised && byId("form-start").value === "0" ? Math.round(nowTs()) : startTs();
  if (Number.isNaN(found.startTs)) throw refused("startAt", "when?");
  if (byId("form-priority").value !== "") found.priority = Number(byId("form-priority").value);
  found.randomizeStartS = Math.round(Number(byId("form-spread").value) * 60);
  return found;
}

const refused = (field, detail) => Object.assign(new Error(detail), { field, detail });

async function send(event) {
  event.preventDefault();
  wrong(null);
  byId("form-send").disabled = true;
  try {
    const given = body();
    const answer = revised
      ? await call(`/api/events/${encodeURIComponent(revised.eventId)}`, given, { method: "PUT", headers: { "if-match": `"${revised.etag}"` } })
      : await call("/api/events", { ...given, eventId });
    dialog.close();
    done(`${answer.eventId} is ${revised ? "revised" : "created"}. ${shares(answer)}`);
  } catch (error) {
    wrong(error);
  } finally {
    byId("form-send").disabled = false;
  }
}

function shares({ assignments, shortfallKw, calledKw, note }) {
  const called = assignments.length === 1 ? "1 VEN is called" : `${assignments.length} VENs are called`;
  const missing = shortfallKw > 0 ? ` ${kw(shortfallKw)} kW could not be allocated.` : "";
  return `${called} for ${kw(calledKw)} kW.${missing}${note ? ` ${note}` : ""}`;
}

// What is wrong, at the field where it is, or below the form where that is none of its fields.
function wrong(error) {
  for (const node of dialog.querySelectorAll("[aria-invalid]")) {
    node.removeAttribute("aria-invalid");
    node.removeAttribute("aria-describedby");
  }
  byId("form-wrong").remove();
  const words = make("p", { id: "form-wrong", className: "wrong" });
  words.setAttribute("role", "alert");
  byId("form").lastElementChild.before(words);
  show(words, error !== null);
  if (error === null) return;
  const label = fieldOf(error.field ?? "");
  text(words, label ? error.detail : error.message);
  if (label === null) return;
  label.closest("details")?.setAttribute("open", "");
  const at = label.querySelector("input:not([type=radio]), select") ?? label;
  at.setAttribute("aria-invalid", "true");
  at.setAttribute("aria-describedby", "form-wrong");
  const row = label.closest("#steps li");
  if (row) row.append(words);
  else label.after(words);
  at.focus();
}

function fieldOf(field) {
  const [, n, name] = /^intervals\[(\d+)\](?:\.(\w+))?$/.exec(field) ?? [];
  const row = n === undefined ? null : byId("steps").children[Number(n)];
  if (row) return row.querySelector(`[data-field="${name ?? "value"}"]`);
  return byId("form").querySelector(`[data-field="${field.replace(/\[.*/, "")}"]`);
}
