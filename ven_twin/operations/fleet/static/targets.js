// The targets of an event: every VEN, or some groups and VENs.
import { byId, make, show } from "/static/kit/dom.js";

const inOrder = new Intl.Collator("en", { numeric: true }).compare;

/** @param {() => void} changed called when it is another half of the choice */
export function setUp(changed) {
  for (const radio of radios()) {
    radio.addEventListener("change", () => {
      showTargets();
      changed();
    });
  }
}

/** @returns {NodeListOf<HTMLInputElement>} */
const radios = () => document.querySelectorAll("[name=who]");

/** The names that are chosen, or null for every VEN. */
export function chosenTargets() {
  if ([...radios()].some(({ checked, value }) => checked && value === "all")) return null;
  /** @type {NodeListOf<HTMLInputElement>} */
  const boxes = byId("targets").querySelectorAll(":checked");
  return [...boxes].map(({ value }) => value);
}

/** @param {boolean} some some groups and VENs, instead of every VEN */
export function choose(some) {
  for (const radio of radios()) radio.checked = (radio.value === "some") === some;
}

/**
 * The groups and VENs that there are, with those chosen that an event has.
 * @param {FleetApi.ListedVen[]} vens
 * @param {FleetApi.GroupSummary[]} groups
 * @param {string[]} targets
 */
export function listTargets(vens, groups, targets) {
  const ordered = groups.toSorted((a, b) => inOrder(a.group, b.group));
  const names = new Map(ordered.map(({ group, venCount }) => [group, `${group} (group of ${venCount})`]));
  const others = [...vens.map(({ venId }) => venId).sort(inOrder), ...targets];
  for (const name of others) if (!names.has(name)) names.set(name, name);
  const chosen = new Set(targets);
  byId("targets").replaceChildren(
    ...[...names].map(([name, words]) => choice(name, words, chosen.has(name))),
  );
  showTargets();
}

/**
 * @param {string} value
 * @param {string} words
 * @param {boolean} checked
 */
function choice(value, words, checked) {
  const box = make("input", { type: "checkbox", value, checked });
  return make("li", {}, make("label", { className: "inline" }, box, ` ${words}`));
}

function showTargets() {
  show("targets", chosenTargets() !== null);
}
