// The VENs: searched, filtered, sorted; opt-outs with reason and end.
import {
  attribute,
  byId,
  cell,
  cells,
  input,
  make,
  mark,
  rows,
  segments,
  show,
  text,
} from "/static/kit/dom.js";
import { kw, dayTime, percent, reductionCell, span } from "/static/kit/format.js";
import { rules } from "./rules.js";

/** @typedef {FleetApi.ListedVen} Ven */
/** @typedef {string | number | null | undefined} Key */
/**
 * A column: its title, its words for a VEN, and by what it is sorted. Words are left-aligned and sorted up
 * first; `small` columns are not on phones, where the reason stands below the name; a `titled` one has its
 * words as its title too, for they may be cut.
 * @typedef {{
 *   name: string, title: string, words: (ven: Ven) => string, by: (ven: Ven) => Key,
 *   isWords?: boolean, small?: boolean, titled?: boolean,
 * }} Column
 */

const AT_FIRST = 100;
const STATUSES = new Map(rules.statuses.map((status, order) => [status.value, { ...status, order }]));
/** @type {Column[]} */
const COLUMNS = [
  {
    name: "ven",
    title: "VEN",
    words: nameOf,
    by: nameOf,
    isWords: true,
    titled: true,
  },
  {
    name: "status",
    title: "Now",
    words: ({ status }) => STATUSES.get(status)?.words ?? status,
    by: ({ status }) => STATUSES.get(status)?.order,
    isWords: true,
  },
  {
    name: "event",
    title: "Event",
    words: ({ eventId }) => eventId ?? "",
    by: ({ eventId }) => eventId,
    isWords: true,
    small: true,
    titled: true,
  },
  {
    name: "requested",
    title: "Requested kW",
    words: ({ askedKw: requestedKw }) => less(requestedKw),
    by: (ven) => ven.askedKw,
    small: true,
  },
  {
    name: "delivered",
    title: "Gives kW",
    words: ({ deliveredKw }) => less(deliveredKw),
    by: ({ deliveredKw }) => deliveredKw,
  },
  {
    name: "share",
    title: "Of it",
    words: ({ share }) => (share == null ? "" : percent(share)),
    by: ({ share }) => share,
    small: true,
  },
  {
    name: "used",
    title: "Uses kW",
    words: ({ usedKw }) => power(usedKw),
    by: ({ usedKw }) => usedKw,
    small: true,
  },
  {
    name: "offers",
    title: "Offers kW",
    words: ({ offersKw }) => power(offersKw),
    by: ({ offersKw }) => offersKw,
  },
  {
    name: "sustains",
    title: "For",
    words: ({ sustainS, offersKw }) => (sustainS != null && offersKw ? span(sustainS) : ""),
    by: ({ sustainS }) => sustainS,
    small: true,
  },
  { name: "why", title: "Why not", words: whyNot, by: whyNot, isWords: true, small: true, titled: true },
];
const order = new Intl.Collator("en", { numeric: true }).compare;

/** @type {Ven[]} */
let shown = [];
/** @type {number | null} */
let total = null;
/** @type {{ column: Column, down: boolean } | null} */
let sorted = null;
let filter = "";
let all = false;

/**
 * The id of a VEN, and of one of OpenADR its name before that.
 * @param {Ven} ven
 */
function nameOf({ venId, oadrVenName }) {
  return oadrVenName == null ? venId : `${oadrVenName} (${venId})`;
}

/** @param {number | null | undefined} value */
function power(value) {
  return value == null ? "" : kw(value);
}

/** @param {number | null | undefined} value */
function less(value) {
  return value == null ? "" : reductionCell(value);
}

/** @param {Ven} ven */
function whyNot({ why, untilTs }) {
  return untilTs == null ? (why ?? "") : `${why}, until ${dayTime(untilTs)}`;
}

/** @param {Column} column */
const classes = ({ isWords, small }) => [isWords ? "words" : "", small ? "hide-small" : ""].join(" ").trim();

export function setUp() {
  for (const column of COLUMNS) {
    const title = make("button", { type: "button" }, column.title);
    title.addEventListener("click", () => sortBy(column));
    byId("vens-head").append(
      cell(column.name, make("th", { scope: "col", className: classes(column) }, title)),
    );
  }
  byId("vens-filter").addEventListener("input", draw);
  segments("status", (value) => {
    filter = value;
    draw();
  });
  byId("vens-all").addEventListener("click", () => {
    all = true;
    draw();
  });
}

/** @param {FleetApi.FleetTotals} fleet */
export function showVens({ vens, known: count }) {
  shown = vens;
  total = count;
  draw();
}

/**
 * First up (figures down), then the other way, then as it was: those first that shed.
 * @param {Column} column
 */
function sortBy(column) {
  const downFirst = !column.isWords;
  if (sorted?.column !== column) sorted = { column, down: downFirst };
  else sorted = sorted.down === downFirst ? { column, down: !downFirst } : null;
  const at = cells(byId("vens-head"));
  for (const { name } of COLUMNS) at(name).removeAttribute("aria-sort");
  if (sorted) at(column.name).setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
  draw();
}

/**
 * Those that have nothing there stand last, whichever way it is sorted.
 * @param {Column} column
 * @param {boolean} down
 * @returns {(a: Ven, b: Ven) => number}
 */
const comparing =
  ({ by }, down) =>
  (a, b) => {
    const [one, other] = [by(a) ?? "", by(b) ?? ""];
    if (one === "" || other === "") return Number(one === "") - Number(other === "");
    const compared =
      typeof one === "number" && typeof other === "number" ? one - other : order(String(one), String(other));
    return down ? -compared : compared;
  };

function draw() {
  if (total === null) return; // nobody has said yet which VENs there are
  const words = input("vens-filter").value.trim().toLowerCase();
  let matching = shown.filter((ven) => isListed(ven) && (!words || searched(ven).includes(words)));
  if (sorted) matching = matching.toSorted(comparing(sorted.column, sorted.down));
  const first = all ? matching : matching.slice(0, AT_FIRST);
  text("vens-count", matching.length === total ? String(total) : `${matching.length} of ${total}`);
  show("vens-scroll", first.length > 0);
  show("vens-empty", first.length === 0);
  text("vens-empty", total === 0 ? "There are none." : "None of them.");
  show("vens-more", matching.length > first.length);
  text("vens-left", `… ${matching.length - first.length} more`);
  rows(byId("vens"), first, ({ venId }) => venId, build, update);
}

/** @param {Ven} ven */
const isListed = ({ status }) => filter === "" || STATUSES.get(status)?.filter === filter;

/** @param {Ven} ven */
function searched(ven) {
  const status = STATUSES.get(ven.status)?.words ?? "";
  return [nameOf(ven), ven.eventId ?? "", status, whyNot(ven), ...(ven.groups ?? [])].join(" ").toLowerCase();
}

function build() {
  const others = COLUMNS.slice(1);
  const below = cell("below", make("small", { className: "only-small" }));
  const first = make("td", {}, cell("ven", make("span")), below);
  const cellOf = (/** @type {Column} */ one) => cell(one.name, make("td", { className: classes(one) }));
  return make("tr", {}, first, ...others.map(cellOf));
}

/**
 * @param {HTMLElement} row
 * @param {Ven} ven
 */
function update(row, ven) {
  const at = cells(row);
  for (const { name, words, titled } of COLUMNS) {
    const value = words(ven);
    text(at(name), value);
    if (titled) attribute(at(name), "title", value);
  }
  text(at("below"), whyNot(ven));
  mark(at("status"), `words status ${ven.status}`);
}
