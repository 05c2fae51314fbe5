// One event by VEN: dispatched and delivered power, answers; the event's report; its end.
import { call, read, wordsOf } from "/static/kit/api.js";
import { byId, cell, cells, dialog, figure, make, mark, rows, show, text } from "/static/kit/dom.js";
import { clockS, kw, left, percent, reduction } from "/static/kit/format.js";
import { shortfall, times } from "./events.js";
import { rules } from "./rules.js";

/**
 * A column of the table: its class, and its words for a VEN.
 * @typedef {{ name: string, className: string, words: (ven: FleetApi.EventVenView) => string }} Column
 */

const AGAIN_MS = 2500;
/** @type {Column[]} */
const COLUMNS = [
  { name: "ven", className: "", words: ({ venId }) => venId },
  { name: "dispatched", className: "hide-small", words: ({ values }) => values.map(kw).join(", ") },
  {
    name: "delivered",
    className: "",
    words: ({ deliveredKw }) => (deliveredKw === null ? "" : kw(deliveredKw)),
  },
  { name: "share", className: "hide-small", words: ({ share }) => (share === null ? "" : percent(share)) },
  { name: "answers", className: "words", words: answersOf },
  { name: "why", className: "words", words: ({ why }) => why },
];
const box = dialog("detail-dialog");
const frame = /** @type {HTMLIFrameElement} */ (byId("report-frame"));
/** @type {string | null} */
let eventId = null;
/** @type {FleetApi.ListedEvent | null} */
let event = null;
let again = 0;
/** @type {(words: string) => void} */
let done = () => {};
/** @type {string | null} */
let reported = null;

/**
 * @param {(event: FleetApi.ListedEvent) => void} revise
 * @param {(words: string) => void} say
 */
export function setUp(revise, say) {
  done = say;
  byId("detail-close").addEventListener("click", () => box.close());
  byId("detail-revise").addEventListener("click", () => {
    box.close();
    if (event !== null) revise(event);
  });
  byId("detail-cancel").addEventListener("click", () =>
    confirm(
      "Cancel this event?",
      `${eventId}: the VENs give their loads back at once.`,
      "Cancel the event",
      () => send("/cancel", "POST", `${eventId} is cancelled.`),
    ),
  );
  byId("detail-delete").addEventListener("click", () =>
    confirm(
      "Delete this event?",
      `${eventId}: the VENs give their loads back, and it is listed no more.`,
      "Delete the event",
      async () => {
        if (await send("", "DELETE", `${eventId} is deleted.`)) box.close();
      },
    ),
  );
  box.addEventListener("close", () => {
    clearTimeout(again);
    eventId = null;
  });
  frame.addEventListener("load", showReport);
}

/**
 * @param {string} id
 * @param {FleetApi.ListedEvent[]} events
 */
export function look(id, events) {
  eventId = id;
  reported = null;
  byId("detail-vens").replaceChildren();
  text("detail-empty", "Reading …");
  show("detail-empty", true);
  show("report", false);
  show("detail-wrong", false);
  box.showModal();
  update(events);
  load(id);
}

/**
 * The event's own line, from the state that comes; its VENs are read.
 * @param {FleetApi.ListedEvent[]} events
 */
export function update(events) {
  if (eventId === null) return;
  event = events.find((line) => line.eventId === eventId) ?? event;
  if (event?.eventId !== eventId) return;
  const over = event.stage === "over";
  text("detail-title", eventId);
  text("detail-words", terms(event).join(" · "));
  show("detail-revise", !over);
  show("detail-cancel", !over);
  figure("detail-requested", ...reduction(event.askedKw));
  figure("detail-dispatched", kw(event.calledKw), event.askedKw < 0 ? "kW more" : "kW");
  if (over && reported !== eventId && Date.now() / 1000 > event.endTs) openReport(eventId);
}

/** @param {FleetApi.ListedEvent} line */
function terms(line) {
  const words = [
    times(line),
    `requests ${line.request}`,
    `program ${line.program}`,
    rules.form.allocations.find(({ value }) => value === line.allocation)?.short ?? line.allocation,
    `revision ${line.revision}`,
  ];
  if (line.targets.length) words.push(`of ${line.targets.join(", ")}`);
  if (line.shortfallKw > 0) words.push(shortfall(line));
  return words;
}

/** @param {number} ts */
export function count(ts) {
  if (event === null || event.eventId !== eventId) return;
  const { progress, untilTs } = event;
  text("detail-left", untilTs === null ? progress : `${progress} ${left(untilTs - ts)}`);
}

/** @param {string} id */
async function load(id) {
  try {
    const detail = await read(`/api/events/${encodeURIComponent(id)}`);
    if (id === eventId) showDetail(detail);
  } catch (error) {
    if (id === eventId) wrong(wordsOf(error));
  }
  clearTimeout(again);
  if (id === eventId) again = setTimeout(() => load(id), AGAIN_MS);
}

/** @param {FleetApi.EventDetail} detail */
function showDetail({ parts: vens, called, tookPart: participating, deliveredKw }) {
  const runs = event?.stage === "running";
  text("detail-delivered-title", runs ? "Delivered now" : "Delivered, as reported");
  figure("detail-delivered", ...reduction(deliveredKw));
  text("detail-participating", `${participating} of ${called}`);
  show("detail-empty", vens.length === 0);
  text("detail-empty", "No VEN is in this event.");
  rows(byId("detail-vens"), vens, ({ venId }) => venId, build, showVen);
}

function build() {
  return make("tr", {}, ...COLUMNS.map(({ name, className }) => cell(name, make("td", { className }))));
}

/**
 * @param {HTMLElement} row
 * @param {FleetApi.EventVenView} ven
 */
function showVen(row, ven) {
  const at = cells(row);
  for (const { name, words } of COLUMNS) text(at(name), words(ven));
  mark(row, ven.optOut !== null || ven.unavailable !== null ? "muted" : "");
}

/** @param {FleetApi.EventVenView} ven */
function answersOf({ answers, values }) {
  if (answers.length === 0) return values.length ? "not yet" : "";
  return answers.map(({ words, ts }) => `${words} ${clockS(ts)}`).join(" → ");
}

/** @param {string} id */
function openReport(id) {
  reported = id;
  const path = `/events/${encodeURIComponent(id)}/report`;
  byId("report-link").setAttribute("href", path);
  show("report", true);
  show(frame, false);
  text("report-wrong", "The event is being settled …");
  show("report-wrong", true);
  frame.contentWindow?.location.replace(path);
}

// A report fills its frame; an answer that is no report is a refusal with its reason.
function showReport() {
  const shown = frame.contentDocument;
  if (shown?.URL === "about:blank") return;
  const report = shown?.contentType === "text/html" && shown.querySelector("main") ? shown : null;
  show(frame, report !== null);
  show("report-wrong", report === null);
  if (report !== null) frame.style.height = `${report.documentElement.scrollHeight + 4}px`;
  else text("report-wrong", `No report yet: ${refusal(shown)}.`);
}

/**
 * The reason in an answer that is no report. None came where nothing may be read.
 * @param {Document | null} shown
 */
function refusal(shown) {
  if (shown === null) return "the page's server does not answer";
  try {
    return /** @type {KitApi.Problem} */ (JSON.parse(shown.body.textContent ?? "")).detail;
  } catch {
    return "the report cannot be read";
  }
}

/**
 * Do something, once it is confirmed.
 * @param {string} title
 * @param {string} words
 * @param {string} yes
 * @param {() => void} then
 */
function confirm(title, words, yes, then) {
  text("sure-title", title);
  text("sure-words", words);
  text("sure-yes", yes);
  const sure = dialog("sure-dialog");
  sure.returnValue = "";
  sure.addEventListener("close", () => sure.returnValue === "yes" && then(), { once: true });
  sure.showModal();
}

/**
 * @param {string} path
 * @param {string} method
 * @param {string} words
 */
async function send(path, method, words) {
  if (eventId === null || event === null) return false;
  show("detail-wrong", false);
  try {
    const headers = { "if-match": `"${event.etag}"` };
    await call(`/api/events/${encodeURIComponent(eventId)}${path}`, {}, { method, headers });
    done(words);
    return true;
  } catch (error) {
    wrong(wordsOf(error));
    return false;
  }
}

/** @param {string} words */
function wrong(words) {
  text("detail-wrong", words);
  show("detail-wrong", true);
}
