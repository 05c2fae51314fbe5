// The events by day: a month as a grid; on a narrow screen the days that have some, as a list.
import { attribute, button, byId, make, mark, show, text } from "/static/kit/dom.js";
import { clock, counted } from "/static/kit/format.js";

/** @typedef {import("./events.js").Look} Look */

const WEEK = 7;
/** The month that is shown, by its first day; null is the present one. */
/** @type {Date | null} */
let month = null;
/** @type {readonly FleetApi.ListedEvent[]} */
let listed = [];
let more = false;
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
  const key = JSON.stringify([first, today, more, listed.map((event) => [event.etag, event.stage])]);
  if (key === drawn) return;
  drawn = key;
  const next = new Date(first.getFullYear(), first.getMonth() + 1, 1);
  text("month", first.toLocaleDateString("en-GB", { month: "long", year: "numeric" }));
  show("month-now", first.getTime() !== thisMonth().getTime());
  const shown = listed.filter(
    ({ startTs }) => startTs * 1000 >= first.getTime() && startTs * 1000 < next.getTime(),
  );
  const oldest = Math.min(...listed.map(({ startTs }) => startTs * 1000));
  const older = more && first.getTime() < oldest ? "; older ones are not listed here" : "";
  text("month-words", `${shown.length ? counted(shown.length, "event") : "No event"} in this month${older}`);
  byId("month-days").replaceChildren(...weeks(first, next, shown, today));
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
