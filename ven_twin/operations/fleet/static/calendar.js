// The events by day: a month as a grid; on a narrow screen the days that have some, as a list.
import { read, wordsOf } from "/static/kit/api.js";
import { attribute, button, byId, make, mark, show, text } from "/static/kit/dom.js";
import { clock, counted } from "/static/kit/format.js";

/** @typedef {import("./events.js").Look} Look */

const WEEK = 7;
const READING = "…";
/** The month that is shown, by its first day; null is the present one. */
/** @type {Date | null} */
let month = null;
/** @type {readonly FleetApi.ListedEvent[]} */
let listed = [];
let more = false;
/**
 * The events of the month that is shown, as far as they are older than those that the stream lists: read when
 * it is turned to, and again once the stream lists none of those that it listed then (*newest*). *failed*
 * says why they could not be.
 * @typedef {{
 *   first: number, newest: number, events: FleetApi.ListedEvent[], more: boolean, failed: string,
 * }} OlderEvents
 */
/** @type {OlderEvents | null} */
let older = null;
let latest = 0;
let drawn = "";
/** @type {Look} */
let look = () => {};

/** @param {Look} onLook */
export function setUp(onLook) {
  look = onLook;
  button("month-before").addEventListener("click", () => turn(-1));
  button("month-after").addEventListener("click", () => turn(1));
  button("month-now").addEventListener("click", () => turn(0));
}

/**
 * @param {readonly FleetApi.ListedEvent[]} events
 * @param {boolean} moreEvents others there are that start earlier
 */
export function update(events, moreEvents) {
  listed = events;
  more = moreEvents;
  draw();
}

/** The events that are shown beside those that the stream lists. */
export const olderEvents = () => older?.events ?? [];

/** Read the older events again: one of them may have been changed. */
export function refresh() {
  if (older !== null) readOlder(new Date(older.first));
}

const thisMonth = () => new Date(new Date().getFullYear(), new Date().getMonth(), 1);

/** @param {number} by months; 0 goes to the present one */
function turn(by) {
  const at = month ?? thisMonth();
  month = by === 0 ? null : new Date(at.getFullYear(), at.getMonth() + by, 1);
  draw();
}

function draw() {
  const first = month ?? thisMonth();
  const today = new Date().toDateString();
  const oldest = Math.min(...listed.map(({ startTs }) => startTs * 1000));
  const isOlder = more && first.getTime() < oldest;
  if (isOlder && (older?.first !== first.getTime() || oldest > older.newest)) readOlder(first);
  const before =
    isOlder && older !== null ? older.events.filter((event) => event.startTs * 1000 < oldest) : [];
  const events = [...listed, ...before];
  const key = JSON.stringify([
    ...[first, today, isOlder && older],
    ...events.map(({ etag, stage, result }) => [etag, stage, result]),
  ]);
  if (key === drawn) return;
  drawn = key;
  const next = nextOf(first);
  text("month", first.toLocaleDateString("en-GB", { month: "long", year: "numeric" }));
  show("month-now", first.getTime() !== thisMonth().getTime());
  const shown = events.filter(
    ({ startTs }) => startTs * 1000 >= first.getTime() && startTs * 1000 < next.getTime(),
  );
  text("month-words", isOlder ? olderWords(shown.length) : countOf(shown.length));
  byId("month-days").replaceChildren(...weeks(first, next, shown, today));
}

/** @param {number} count */
const countOf = (count) => `${count ? counted(count, "event") : "No event"} in this month`;

/** @param {number} count */
function olderWords(count) {
  if (older === null || older.failed === READING) return "Reading …";
  if (older.failed) return `Its older events cannot be read: ${older.failed}`;
  return older.more ? `the newest ${count} events of this month` : countOf(count);
}

/** @param {Date} first */
const nextOf = (first) => new Date(first.getFullYear(), first.getMonth() + 1, 1);

/**
 * Read the events of a month.
 * @param {Date} first
 */
async function readOlder(first) {
  latest += 1;
  const mine = latest;
  const at = first.getTime();
  const newest = Math.max(...listed.map(({ startTs }) => startTs * 1000));
  const before = older?.first === at ? older : { events: [], more: false, failed: READING };
  older = { ...before, first: at, newest };
  let failed = "";
  try {
    /** @type {FleetApi.EventsView} */
    const { events, more: evenMore } = await read(
      `/api/events?from=${at / 1000}&to=${nextOf(first).getTime() / 1000}`,
    );
    if (mine === latest) older = { first: at, newest, events: [...events], more: evenMore, failed };
  } catch (error) {
    failed = wordsOf(error);
  }
  if (mine !== latest) return;
  older = { ...older, failed };
  draw();
}

/**
 * @param {Date} first
 * @param {Date} next
 * @param {FleetApi.ListedEvent[]} events
 * @param {string} today
 */
function weeks(first, next, events, today) {
  const rows = [];
  const day = new Date(first);
  day.setDate(1 - ((first.getDay() + WEEK - 1) % WEEK));
  while (day < next) {
    const row = make("tr");
    for (let at = 0; at < WEEK; at += 1) {
      row.append(day >= first && day < next ? dayOf(day, events, today) : make("td", { className: "other" }));
      day.setDate(day.getDate() + 1);
    }
    rows.push(row);
  }
  return rows;
}

/**
 * @param {Date} day
 * @param {FleetApi.ListedEvent[]} events
 * @param {string} today
 */
function dayOf(day, events, today) {
  const name = day.toDateString();
  const own = events.filter(({ startTs }) => new Date(startTs * 1000).toDateString() === name);
  const cell = make("td", {}, make("span", { className: "day" }, numberOf(day)));
  mark(cell, [own.length ? "" : "free", name === today ? "today" : ""].filter(Boolean).join(" "));
  if (name === today) attribute(cell, "aria-current", "date");
  cell.append(...own.toSorted((a, b) => a.startTs - b.startTs).map(entry));
  return cell;
}

/** @param {Date} day */
function numberOf(day) {
  const weekday = day.toLocaleDateString("en-GB", { weekday: "short" });
  return make("span", {}, make("span", { className: "weekday" }, `${weekday} `), String(day.getDate()));
}

/** @param {FleetApi.ListedEvent} event */
function entry(event) {
  const { eventId, startTs, request, stage, progress } = event;
  const words = stage === "over" ? progress : stage;
  const node = make(
    "button",
    { type: "button", className: `entry ${stage}` },
    `${clock(startTs)} ${request}`,
  );
  node.title = `${eventId}: ${request}, ${words}`;
  attribute(node, "aria-label", `${clock(startTs)} ${request}, ${words}, ${eventId}`);
  node.addEventListener("click", () => look(eventId));
  return node;
}
