// The form by which an event is created or revised. A refusal of the cloud stands at its field.
import { call, RefusedError } from "/static/kit/api.js";
import { button, byId, dialog, input, make, options, select, show, text } from "/static/kit/dom.js";
import { counted, kw } from "/static/kit/format.js";
import { definitions, refresh } from "./groups.js";
import * as offer from "./offer.js";
import { rules } from "./rules.js";
import * as steps from "./steps.js";
import { choose, chosenTargets, listTargets, setUp as setUpTargets } from "./targets.js";

/** @typedef {FleetApi.ListedEvent} ListedEvent */
/**
 * The terms that the form is opened with.
 * @typedef {Pick<ListedEvent, "targets" | "program" | "allocation" | "priority" | "randomizeStartS">} Rest
 * @typedef {Rest & { intervals: steps.Step[] }} Terms
 */

const STARTS = /** @type {const} */ ([
  ["0", "now"],
  ["60", "in 1 min"],
  ["300", "in 5 min"],
  ["900", "in 15 min"],
  ["3600", "in 1 hour"],
  ["at", "at …"],
]);
const DEFAULT_DURATION_S = 900;
const { priority: priorities, randomizeStartS: spread, allocations, ...defaults } = rules.form;
const box = dialog("form-dialog");
/** @type {FleetApi.FleetTotals | null} */
let fleet = null;
let nowTs = () => Date.now() / 1000;
/** @type {ListedEvent | null} */
let revised = null;
let eventId = "";
/** @type {(words: string) => void} */
let done = () => {};

/**
 * @param {() => number} serverTs
 * @param {(words: string) => void} say
 */
export function setUp(serverTs, say) {
  nowTs = serverTs;
  done = say;
  steps.setUp(offer.showOffer);
  offer.setUp();
  setUpTargets(offer.showOffer);
  const choices = allocations.map(({ value, words }) => /** @type {const} */ ([value, words]));
  select("form-allocation").replaceChildren(...options(choices));
  Object.assign(input("form-priority"), { min: priorities.minimum, max: priorities.maximum });
  Object.assign(input("form-spread"), { min: spread.minimum / 60, max: spread.maximum / 60 });
  byId("form").addEventListener("submit", send);
  byId("form").addEventListener("input", offer.showOffer);
  byId("form-close").addEventListener("click", () => box.close());
  byId("form-start").addEventListener("change", showAt);
}

/** @param {FleetApi.FleetTotals} totals */
export function update(totals) {
  fleet = totals;
  offer.update(totals);
  if (box.open) offer.showOffer();
}

export function create() {
  eventId = newEventId();
  const halfKw = Math.max(0.1, Math.floor((fleet?.flexibilityKw ?? 0) * 5) / 10);
  open(null, {
    intervals: [{ signal: "shedKw", value: halfKw, durationS: DEFAULT_DURATION_S }],
    targets: [],
    program: defaults.program,
    allocation: defaults.allocation,
    priority: priorities.default ?? priorities.maximum,
    randomizeStartS: spread.default ?? 0,
  });
}

/** @param {ListedEvent} event */
export function revise(event) {
  open(event, event);
}

/** An id that the page makes, so that sending the form twice is one event. */
function newEventId() {
  const digits = new Date(nowTs() * 1000).toISOString().replaceAll(/\D/g, "");
  const random = Math.floor(Math.random() * 0x10000);
  const end = random.toString(16).padStart(4, "0");
  return `evt-${digits.slice(0, 8)}-${digits.slice(8, 14)}-${end}`;
}

/**
 * @param {ListedEvent | null} event
 * @param {Terms} terms
 */
function open(event, { intervals, targets, program, allocation, priority, randomizeStartS }) {
  revised = event;
  text("form-title", event ? "Revise the event" : "New event");
  text("form-words", event ? `${event.eventId}: this replaces its request.` : "");
  show("form-words", event !== null);
  text("form-send", event ? "Revise event" : "Create event");
  steps.fill(intervals);
  const starts = event ? [/** @type {const} */ (["", "where it is"]), ...STARTS] : STARTS;
  select("form-start").replaceChildren(...options(starts));
  input("form-program").value = program;
  select("form-allocation").value = allocation;
  input("form-priority").value = priority === priorities.default ? "" : String(priority);
  input("form-spread").value = String(randomizeStartS / 60);
  byId("form-more").removeAttribute("open");
  choose(targets.length > 0);
  listDefinitions(targets);
  void listAnew();
  showAt();
  wrong(null);
  offer.showOffer();
  box.showModal();
  steps.focusFirst();
}

/**
 * The groups and programs to choose from, as they were read last.
 * @param {string[]} targets
 */
function listDefinitions(targets) {
  const { groups = [], programs = [] } = definitions() ?? {};
  listTargets(fleet?.vens ?? [], groups, targets);
  const names = new Set([defaults.program, ...programs.map(({ program }) => program)]);
  byId("programs").replaceChildren(...[...names].map((value) => make("option", { value })));
}

/** List what there is by now; what is chosen stays. Without an answer the form goes on with what it has. */
async function listAnew() {
  const before = eventId;
  try {
    await refresh();
  } catch {
    return;
  }
  if (box.open && eventId === before) listDefinitions(chosenTargets() ?? []);
}

function showAt() {
  show("form-at-label", select("form-start").value === "at");
}

/** The start that is chosen, UTC s; null leaves it to the cloud: now, or where it is. */
function startTs() {
  const after = select("form-start").value;
  if (after === "") return revised?.startTs ?? null;
  if (after === "at") return Math.round(new Date(input("form-at").value).getTime() / 1000);
  if (after === "0" && revised === null) return null;
  return Math.round(nowTs() + Number(after));
}

/** @returns {FleetApi.NewEvent} */
function request() {
  const intervals = steps.steps();
  intervals.forEach(({ value, durationS }, n) => {
    if (Number.isNaN(value)) throw missing(`intervals[${n}].value`, "how much?");
    if (Number.isNaN(durationS)) throw missing(`intervals[${n}].durationS`, "for how long?");
  });
  const targets = chosenTargets();
  if (targets?.length === 0) throw missing("targets", "choose at least one");
  const start = startTs();
  if (Number.isNaN(start)) throw missing("startAt", "when?");
  const priority = input("form-priority").value;
  return {
    intervals,
    allocation: /** @type {FleetApi.NewEvent["allocation"]} */ (select("form-allocation").value),
    program: input("form-program").value.trim(),
    ...(targets === null ? {} : { targets }),
    ...(start === null ? {} : { startTs: start }),
    ...(priority === "" ? {} : { priority: Number(priority) }),
    randomizeStartS: Math.round(Number(input("form-spread").value) * 60),
  };
}

/**
 * @param {string} field
 * @param {string} detail
 */
const missing = (field, detail) => new RefusedError(detail, { field, detail });

/** @param {Event} submitted */
async function send(submitted) {
  submitted.preventDefault();
  wrong(null);
  button("form-send").disabled = true;
  try {
    const answer = await (revised === null ? sendNew() : sendRevised(revised));
    box.close();
    done(`${answer.eventId} is ${revised ? "revised" : "created"}. ${shares(answer)}`);
  } catch (error) {
    wrong(error instanceof RefusedError ? error : new RefusedError(String(error), {}));
  } finally {
    button("form-send").disabled = false;
  }
}

/** @returns {Promise<FleetApi.EventDispatched>} */
const sendNew = () => call("/api/events", { ...request(), eventId });

/**
 * @param {ListedEvent} event
 * @returns {Promise<FleetApi.EventDispatched>}
 */
const sendRevised = (event) =>
  call(`/api/events/${encodeURIComponent(event.eventId)}`, request(), {
    method: "PUT",
    headers: { "if-match": `"${event.etag}"` },
  });

/** @param {FleetApi.EventDispatched} answer */
function shares({ assignments, shortfallKw = 0, calledKw = 0, note }) {
  const dispatched = `${kw(calledKw)} kW dispatched to ${counted(assignments.length, "VEN")}.`;
  const missed = shortfallKw > 0 ? ` ${kw(shortfallKw)} kW could not be allocated.` : "";
  return `${dispatched}${missed}${note ? ` ${note}` : ""}`;
}

/**
 * Show an error at its field, or below the form where that is none of its fields.
 * @param {RefusedError | null} error
 */
function wrong(error) {
  for (const node of box.querySelectorAll("[aria-invalid]")) {
    node.removeAttribute("aria-invalid");
    node.removeAttribute("aria-describedby");
  }
  byId("form-wrong").remove();
  const words = make("p", { id: "form-wrong", className: "wrong" });
  words.setAttribute("role", "alert");
  byId("form").lastElementChild?.before(words);
  show(words, error !== null);
  if (error === null) return;
  const label = fieldOf(error.field);
  text(words, label ? error.detail : error.message);
  if (label === null) return;
  label.closest("details")?.setAttribute("open", "");
  /** @type {HTMLElement} */
  const at = label.querySelector("input:not([type=radio]), select") ?? label;
  at.setAttribute("aria-invalid", "true");
  at.setAttribute("aria-describedby", "form-wrong");
  const row = label.closest("#steps li");
  if (row) row.append(words);
  else label.after(words);
  at.focus();
}

/**
 * The label of a field of the request, such as `intervals[0].value`; null where the form has none.
 * @param {string} field
 * @returns {HTMLElement | null}
 */
function fieldOf(field) {
  const [, step, name] = /^intervals\[(\d+)\](?:\.(\w+))?$/.exec(field) ?? [];
  const row = step === undefined ? undefined : byId("steps").children[Number(step)];
  if (row) return row.querySelector(`[data-field="${name ?? "value"}"]`);
  return byId("form").querySelector(`[data-field="${field.replace(/\[.*/, "")}"]`);
}
