// One event by VEN: what each was called for, gives and has answered; its report; how it is ended.
import { call, read } from "/static/api.js";
import { asks, optOutWords } from "/static/banner.js";
import { byId, figure, make, mark, rows, show, text } from "/static/dom.js";
import { clockS, fixed, kw, left, percent } from "/static/format.js";
import { startsOrEnds, whole } from "/static/fleet/events.js";

const AGAIN_MS = 2500;
const dialog = byId("detail-dialog");
const frame = byId("report-frame");
let eventId = null;
let event = null;
let again = 0;
let done = () => {};
let reported = "";

export function setUp(revise, told) {
  done = told;
  byId("detail-close").addEventListener("click", () => dialog.close());
  byId("detail-revise").addEventListener("click", () => {
    dialog.close();
    revise(event);
  });
  byId("detail-cancel").addEventListener("click", () =>
    sure("Cancel this event?", `${eventId}: the VENs give their loads back at once.`, "Cancel the event", () =>
      send("/cancel", "POST", `${eventId} is cancelled.`)),
  );
  byId("detail-delete").addEventListener("click", () =>
    sure("Delete this event?", `${eventId}: the VENs give their loads back, and it is listed no more.`, "Delete the event", async () => {
      if (await send("", "DELETE", `${eventId} is deleted.`)) dialog.close();
    }),
  );
  dialog.addEventListener("close", () => {
    clearTimeout(again);
    eventId = null;
  });
  frame.addEventListener("load", showReport);
}

export function look(id, events) {
  eventId = id;
  reported = "";
  byId("parts").replaceChildren();
  text("parts-empty", "Asking …");
  show("parts-empty", true);
  show("report", false);
  show("detail-wrong", false);
  dialog.showModal();
  update(events);
  load();
}

// The event's own line, from the state that comes; its VENs are asked for.
export function update(events) {
  if (eventId === null) return;
  event = events.find((each) => each.eventId === eventId) ?? event;
  if (event?.eventId !== eventId) return;
  const over = event.phase === "completed" || event.phase === "cancelled";
  text("detail-title", eventId);
  const terms = [whole(event), asks(event), `programme ${event.programme}`, event.allocation === "merit" ? "by merit" : "in proportion", `revision ${event.revision}`];
  if (event.targets.length) terms.push(`of ${event.targets.join(", ")}`);
  if (event.shortfallKw > 0) terms.push(`${kw(event.shortfallKw)} kW could not be allocated`);
  text("detail-words", terms.join(" · "));
  show("detail-revise", !over);
  show("detail-cancel", !over);
  figure("detail-asked", kw(event.askedKw), "kW");
  figure("detail-called", kw(event.calledKw), "kW");
  if (over && reported !== eventId && Date.now() / 1000 > event.endTs) openReport();
}

export function count(ts) {
  if (eventId === null || event?.eventId !== eventId) return;
  const [says, until] = startsOrEnds(event);
  text("detail-left", until === null ? says : `${says} ${left(until - ts)}`);
}

async function load() {
  const asked = eventId;
  try {
    const found = await read(`/api/events/${encodeURIComponent(asked)}`);
    if (asked === eventId) showParts(found.parts);
  } catch (error) {
    if (asked === eventId) wrong(error.message);
  }
  clearTimeout(again);
  if (asked === eventId) again = setTimeout(load, AGAIN_MS);
}

function showParts(parts) {
  const now = event?.phase === "active";
  text("detail-delivered-title", now ? "Delivered now" : "Delivered, as the VENs say");
  const given = parts.filter((part) => part.deliveredKw !== null);
  figure("detail-delivered", given.length ? kw(given.reduce((all, part) => all + part.deliveredKw, 0)) : "–", "kW");
  const called = parts.filter((part) => part.values.length);
  text("detail-part", `${called.filter((part) => part.answers.length && !part.optOut).length} of ${called.length}`);
  show("parts-empty", parts.length === 0);
  text("parts-empty", "No VEN has a part in it.");
  rows(byId("parts"), parts, (part) => part.venId, () => make("tr", {}, ...["", "", "", "", "words", "words"].map((className) => make("td", { className }))), showPart);
}

function showPart(row, part) {
  const most = Math.max(...part.values, 0);
  const sheds = event?.intervals.every((step) => step.signal === "shedKw");
  const cells = [
    part.venId,
    part.values.map((value) => fixed(value, 2)).join(", "),
    part.deliveredKw === null ? "" : kw(part.deliveredKw),
    part.deliveredKw !== null && sheds && most > 0 ? percent(part.deliveredKw / most) : "",
    part.answers.map((answer) => `${answer.phase === "optedOut" ? "opted out" : answer.phase} ${clockS(answer.ts)}`).join(" → ") || (part.values.length ? "not yet" : ""),
    part.optOut ? `opted out: ${optOutWords(part.optOut)}` : part.unavailable ? `not counted on: ${part.unavailable}` : part.answers.find((answer) => answer.why)?.why ?? "",
  ];
  cells.forEach((value, n) => text(row.children[n], value));
  mark(row, part.optOut || part.unavailable ? "muted" : "");
}

function openReport() {
  reported = eventId;
  const path = `/events/${encodeURIComponent(eventId)}/report`;
  byId("report-link").href = path;
  show("report", true);
  show(frame, false);
  text("report-wrong", "The event is being settled …");
  show("report-wrong", true);
  frame.contentWindow.location.replace(path);
}

// A report fills its frame; what is no report is a refusal, which says why.
function showReport() {
  const shown = frame.contentDocument;
  if (shown === null || shown.URL === "about:blank") return;
  const isReport = shown.contentType === "text/html" && shown.querySelector("main") !== null;
  show(frame, isReport);
  show("report-wrong", !isReport);
  if (isReport) {
    frame.style.height = `${shown.documentElement.scrollHeight + 4}px`;
    return;
  }
  let detail = "the report cannot be read";
  try {
    ({ detail } = JSON.parse(shown.body.textContent));
  } catch {
    // it is no problem of ours
  }
  text("report-wrong", `No report yet: ${detail}.`);
}

function sure(title, words, yes, then) {
  text("sure-title", title);
  text("sure-words", words);
  text("sure-yes", yes);
  const asking = byId("sure-dialog");
  asking.returnValue = "";
  asking.addEventListener("close", () => asking.returnValue === "yes" && then(), { once: true });
  asking.showModal();
}

async function send(path, method, words) {
  show("detail-wrong", false);
  try {
    await call(`/api/events/${encodeURIComponent(eventId)}${path}`, {}, { method, headers: { "if-match": `"${event.etag}"` } });
    done(words);
    return true;
  } catch (error) {
    wrong(error.message);
    return false;
  }
}

function wrong(words) {
  text("detail-wrong", words);
  show("detail-wrong", true);
}
