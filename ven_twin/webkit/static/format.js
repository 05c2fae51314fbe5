// How figures and times are written, with the limits that the server has. Python writes figures the same way
// (`ven_twin/webkit/formatting.py`), and a test holds both to the same texts.
import { rules } from "./rules.js";

const { kwDigits, leastShareKw, secondsBelowS, minutesBelowMin, daysFromS, minus } = rules.formats;

/** @param {number} value */
const rounded = (value) => Math.floor(value + 0.5);

/**
 * @param {number} value
 * @param {number} digits
 */
export function fixed(value, digits) {
  const words = Math.abs(value).toFixed(digits);
  return value < 0 && Number(words) !== 0 ? `${minus}${words}` : words;
}

/** @param {number} value */
export const kw = (value) => fixed(value, kwDigits);

/**
 * A power or an energy that is drawn less, as figure and unit; below 0 it is drawn more, null is not known.
 * @param {number | null} value in *unit*
 * @returns {[string, string]}
 */
export function reduction(value, unit = "kW", digits = kwDigits) {
  if (value === null) return ["–", unit];
  return value < 0 ? [fixed(-value, digits), `${unit} more`] : [fixed(value, digits), unit];
}

/**
 * The same for a column that names the unit.
 * @param {number | null} value
 */
export function reductionCell(value, digits = kwDigits) {
  return reduction(value, "", digits).join("");
}

/** @param {number} share */
export const percent = (share) => `${fixed(share * 100, 0)} %`;

/**
 * The share of the requested power that was delivered; null of nearly nothing, and where nothing is known.
 * @param {number | null} deliveredKw
 * @param {number | null} requestedKw
 */
export function shareOf(deliveredKw, requestedKw) {
  if (deliveredKw === null || requestedKw === null || Math.abs(requestedKw) < leastShareKw) return null;
  return deliveredKw / requestedKw;
}

/** @param {number} ts */
export function clock(ts) {
  return timeOfDay(ts, { hour: "2-digit", minute: "2-digit" });
}

/** @param {number} ts */
export function clockS(ts) {
  return timeOfDay(ts, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

/**
 * @param {number} ts
 * @param {Intl.DateTimeFormatOptions} fields
 */
function timeOfDay(ts, fields) {
  return new Date(ts * 1000).toLocaleTimeString([], { ...fields, hourCycle: "h23" });
}

/**
 * A time of day, with its day where that is not today.
 * @param {number} ts
 */
export function dayTime(ts) {
  const date = new Date(ts * 1000);
  return date.toDateString() === new Date().toDateString() ? clock(ts) : `${dated(date)} ${clock(ts)}`;
}

/**
 * A date, with its year where that is not this one.
 * @param {Date} date
 */
function dated(date) {
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return date.toLocaleDateString([], { day: "numeric", month: "short", year });
}

/**
 * Start and end, with the day of each where it is not today's or not the start's.
 * @param {number} startTs
 * @param {number} endTs
 */
export function period(startTs, endTs) {
  if (endTs <= startTs) return dayTime(startTs);
  const [start, end] = [new Date(startTs * 1000), new Date(endTs * 1000)];
  const day = start.toDateString() === end.toDateString() ? "" : `${dated(end)} `;
  return `${dayTime(startTs)} to ${day}${clock(endTs)}`;
}

/**
 * A day, such as Mon 23.
 * @param {number} ts
 */
export function dayOf(ts) {
  return new Date(ts * 1000).toLocaleDateString("en-GB", { weekday: "short", day: "numeric" });
}

/**
 * @param {number} ts
 * @param {number} offsetH
 */
export function houseTime(ts, offsetH) {
  return new Date((ts + offsetH * 3600) * 1000).toLocaleString("en-GB", {
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    timeZone: "UTC",
  });
}

/**
 * 4:05, 1:04:05, 2 d 4 h: the rest of a time.
 * @param {number} seconds
 */
export function left(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole >= daysFromS) return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/**
 * 40 s, 12 min, 1 h 20 min: about how long.
 * @param {number} seconds
 */
export function span(seconds) {
  if (seconds < secondsBelowS) return `${rounded(seconds)} s`;
  const minutes = rounded(seconds / 60);
  if (minutes < minutesBelowMin) return `${minutes} min`;
  return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
}

/**
 * @param {number} count
 * @param {string} one
 */
export const counted = (count, one) => `${count} ${one}${count === 1 ? "" : "s"}`;
