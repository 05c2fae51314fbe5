// The VENs: found, filtered, sorted; who has opted out with reason and end.
import { optOutWords } from "/static/banner.js";
import { byId, make, mark, rows, show, text } from "/static/dom.js";
import { clock, day, kw, percent, span } from "/static/format.js";

const AT_FIRST = 100;
const FRESH_S = 300;
const STANDINGS = {
  shedding: "sheds",
  optedOut: "opted out",
  disabled: "disabled",
  ready: "ready",
  silent: "silent",
  offline: "offline",
  neverSeen: "never seen",
};
const ORDER = Object.keys(STANDINGS);
const COLUMNS = [
  { name: "VEN", by: (ven) => ven.venId, words: true },
  { name: "Now", by: (ven) => ORDER.indexOf(standing(ven)), words: true },
  { name: "Event", by: (ven) => ven.eventId, words: true, small: true },
  { name: "Asked kW", by: (ven) => ven.askedKw },
  { name: "Gives kW", by: (ven) => ven.deliveredKw },
  { name: "Of it", by: (ven) => share(ven), small: true },
  { name: "Uses kW", by: (ven) => ven.usedKw, small: true },
  { name: "Offers kW", by: (ven) => ven.offersKw },
  { name: "For", by: (ven) => ven.sustainS },
  { name: "Why not", by: (ven) => why(ven), words: true },
];
const order = new Intl.Collator("en", { numeric: true }).compare;

let shown = [];
let known = 0;
let sorted = null;
let wanted = "";
let all = false;

const fallen = (ven) => ven.standing === "offline" || ven.rowAgeS === undefined || ven.rowAgeS > FRESH_S;
const share = (ven) => (ven.askedKw > 0 && ven.deliveredKw !== undefined ? ven.deliveredKw / ven.askedKw : undefined);

export function standing(ven) {
  return (ven.standing === "ready" || ven.standing === "shedding") && fallen(ven) ? "silent" : ven.standing;
}

export function why(ven) {
  if (ven.optOut) return `${optOutWords(ven.optOut.reason)}, ${ven.optOut.untilTs ? `until ${`${day(ven.optOut.untilTs)} ${clock(ven.optOut.untilTs)}`.trim()}` : "until it opts in"}`;
  if (ven.standing === "neverSeen") return "";
  if (fallen(ven)) return ven.rowAgeS === undefined ? "no telemetry yet" : `silent for ${span(ven.rowAgeS)}`;
  return "";
}

export function setUp() {
  COLUMNS.forEach((column, n) => {
    const button = make("button", { type: "button" }, column.name);
    const head = make("th", { scope: "col", className: [column.words ? "words" : "", column.small ? "hide-small" : ""].join(" ").trim() }, button);
    button.addEventListener("click", () => sortBy(n));
    byId("vens-head").append(head);
  });
  byId("vens-filter").addEventListener("input", draw);
  for (const button of document.querySelectorAll("[data-standing]")) {
    button.addEventListener("click", () => {
      wanted = button.dataset.standing;
      for (const other of document.querySelectorAll("[data-standing]")) other.setAttribute("aria-pressed", String(other === button));
      draw();
    });
  }
  byId("vens-all").addEventListener("click", () => {
    all = true;
    draw();
  });
}

export function showVens(fleet) {
  shown = fleet.vens;
  known = fleet.known;
  draw();
}

// First up, then down, then as it was: those first that shed.
function sortBy(n) {
  if (sorted?.n !== n) sorted = { n, down: !COLUMNS[n].words };
  else sorted = sorted.down === !COLUMNS[n].words ? { n, down: !sorted.down } : null;
  [...byId("vens-head").children].forEach((head, at) => {
    if (sorted?.n === at) head.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  });
  draw();
}

function compared(a, b) {
  const [one, other] = [COLUMNS[sorted.n].by(a), COLUMNS[sorted.n].by(b)];
  if (one === undefined || one === "") return other === undefined || other === "" ? 0 : 1;
  if (other === undefined || other === "") return -1;
  const found = typeof one === "string" ? order(one, other) : one - other;
  return sorted.down ? -found : found;
}

function draw() {
  const words = byId("vens-filter").value.trim().toLowerCase();
  let found = shown.filter((ven) => fits(ven) && (!words || said(ven).includes(words)));
  if (sorted) found = [...found].sort(compared);
  const first = all ? found : found.slice(0, AT_FIRST);
  text("vens-count", found.length === known ? String(known) : `${found.length} of ${known}`);
  show("vens-scroll", first.length > 0);
  show("vens-empty", first.length === 0);
  text("vens-empty", known === 0 ? "There are none." : "None of them.");
  show("vens-more", found.length > first.length);
  text("vens-left", `… ${found.length - first.length} more`);
  rows(byId("vens"), first, (ven) => ven.venId, build, update);
}

function fits(ven) {
  const now = standing(ven);
  return { "": true, out: now === "optedOut" || now === "disabled", silent: now === "silent" || now === "offline" }[wanted] ?? now === wanted;
}

const said = (ven) => [ven.venId, ven.eventId ?? "", STANDINGS[standing(ven)], why(ven), ...(ven.groups ?? [])].join(" ").toLowerCase();

function build() {
  return make("tr", {}, ...COLUMNS.map((column) => make("td", { className: [column.words ? "words" : "", column.small ? "hide-small" : ""].join(" ").trim() })));
}

function update(row, ven) {
  const now = standing(ven);
  const part = share(ven);
  const power = (value) => (value === undefined ? "" : kw(value));
  const cells = [
    ven.venId,
    STANDINGS[now],
    ven.eventId ?? "",
    power(ven.askedKw),
    power(ven.deliveredKw),
    part === undefined ? "" : percent(part),
    power(ven.usedKw),
    power(ven.offersKw),
    ven.sustainS !== undefined && ven.offersKw ? span(ven.sustainS) : "",
    why(ven),
  ];
  cells.forEach((value, n) => text(row.children[n], value));
  for (const n of [0, 2, 9]) if (row.children[n].title !== cells[n]) row.children[n].title = cells[n];
  mark(row.children[1], `words standing ${now}`);
}
