// The groups that events may target, each with its VENs, and the programs that settle them.
import { read } from "/static/kit/api.js";
import { byId, cell, cells, dialog, make, rows, show, text } from "/static/kit/dom.js";
import { counted } from "/static/kit/format.js";

/** @typedef {FleetApi.GroupSummary} GroupSummary */

const MOST_VENS = 200;
const inOrder = new Intl.Collator("en", { numeric: true }).compare;
const box = dialog("groups-dialog");
/** @type {FleetApi.DefinitionsView | null} */
let latest = null;

export function setUp() {
  byId("groups-close").addEventListener("click", () => box.close());
  byId("show-groups").addEventListener("click", open);
}

/** What was read last; null before. */
export const definitions = () => latest;

/** Read the groups and programs anew. Raises what `read` raises. */
export async function refresh() {
  /** @type {FleetApi.DefinitionsView} */
  const answer = await read("/api/definitions");
  latest = answer;
  return answer;
}

async function open() {
  byId("groups").replaceChildren();
  show("groups-wrong", false);
  box.showModal();
  try {
    showAll(await refresh());
  } catch (error) {
    text("groups-wrong", String(error));
    show("groups-wrong", true);
  }
}

/** @param {FleetApi.DefinitionsView} view */
function showAll({ groups, programs }) {
  const ordered = groups.toSorted((a, b) => inOrder(a.group, b.group));
  show("groups-empty", groups.length === 0);
  byId("groups").replaceChildren(...ordered.map(buildGroup));
  rows(byId("programs-rows"), programs, ({ program }) => program, buildProgram, showProgram);
}

/** @param {GroupSummary} group */
function buildGroup({ group, venCount, fromStack = false }) {
  const made = fromStack ? ", of the deployment" : "";
  const members = make("p", { className: "muted" }, "…");
  const words = `${group} · ${counted(venCount, "VEN")}${made}`;
  const details = make("details", {}, make("summary", {}, words), members);
  details.addEventListener("toggle", () => details.open && showMembers(group, members), { once: true });
  return make("li", {}, details);
}

/**
 * @param {string} group
 * @param {HTMLElement} members
 */
async function showMembers(group, members) {
  try {
    /** @type {FleetApi.GroupDetail} */
    const { vens = [] } = await read(`/api/groups/${encodeURIComponent(group)}`);
    const first = vens.toSorted(inOrder).slice(0, MOST_VENS).join(", ");
    const more = vens.length - MOST_VENS;
    text(members, more > 0 ? `${first} and ${more} more` : first || "none");
  } catch (error) {
    text(members, String(error));
  }
}

function buildProgram() {
  const names = ["program", "baseline", "holidays"];
  return make("tr", {}, ...names.map((name) => cell(name, make("td", { className: "words" }))));
}

/**
 * @param {HTMLElement} row
 * @param {FleetApi.Program} program
 */
function showProgram(row, { program, baseline, holidays }) {
  const at = cells(row);
  text(at("program"), program);
  text(at("baseline"), baseline);
  text(at("holidays"), holidays ?? "the stage’s");
}
