// The power that the targets of an event offer, shown before it is created.
import { byId, input, show, text } from "/static/kit/dom.js";
import { kw, percent, shareOf, span } from "/static/kit/format.js";
import * as steps from "./steps.js";
import { chosenTargets } from "./targets.js";

/** @typedef {FleetApi.ListedVen} Ven */

const STILL_KW = 0.005;
/** @type {FleetApi.FleetTotals | null} */
let fleet = null;

export function setUp() {
  const slider = input("share-slider");
  slider.addEventListener("input", () => take(Number(slider.value)));
  for (const preset of byId("share-presets").querySelectorAll("button")) {
    preset.addEventListener("click", () => take(Number(preset.dataset.share)));
  }
}

/** @param {FleetApi.FleetTotals} totals */
export function update(totals) {
  fleet = totals;
}

/** The targets that can be counted on. */
function counted() {
  const targets = chosenTargets();
  const offering = (fleet?.vens ?? []).filter(({ offersKw }) => offersKw != null);
  if (targets === null) return offering;
  const names = new Set(targets);
  return offering.filter(
    ({ venId, groups = [] }) => names.has(venId) || groups.some((one) => names.has(one)),
  );
}

/**
 * The power that a VEN keeps for so long, as dispatch counts on it.
 * @param {Ven} ven
 * @param {number} lastsS
 */
function lastingKw({ offersKw, sustainS, offers = [] }, lastsS) {
  if ((sustainS ?? 0) >= lastsS) return offersKw ?? 0;
  const level = offers.find((one) => one.sustainS >= lastsS);
  return level ? Math.min(offersKw ?? 0, level.kw) : 0;
}

/** @param {Ven[]} vens */
const offered = (vens) => vens.reduce((sumKw, { offersKw }) => sumKw + (offersKw ?? 0), 0);
const onOffer = () => (chosenTargets() === null ? (fleet?.flexibilityKw ?? 0) : offered(counted()));

/** @param {number} share in percent */
function take(share) {
  steps.setFirst(Math.floor(onOffer() * share) / 100);
  showOffer();
}

export function showOffer() {
  const wanted = steps.steps();
  const [first] = wanted;
  if (fleet === null || first === undefined) return;
  steps.showButtons();
  const sheds = first.signal === "shedKw";
  show("share", sheds);
  show("offer", sheds);
  if (!sheds) return;
  const vens = counted();
  const offerKw = onOffer();
  const share = first.value >= 0 ? shareOf(first.value, offerKw) : null;
  const slider = input("share-slider");
  if (document.activeElement !== slider) slider.value = String(Math.min(100, (share ?? 0) * 100));
  slider.setAttribute("aria-valuetext", share === null ? "no share" : `${Math.round(share * 100)} percent`);
  const lastsS = wanted.reduce((sumS, { durationS }) => sumS + (durationS || 0), 0);
  const sustainedKw = vens.reduce((sumKw, ven) => sumKw + lastingKw(ven, lastsS), 0);
  const shedKw = vens.reduce((sumKw, { deliveredKw }) => sumKw + Math.max(0, deliveredKw ?? 0), 0);
  const begin = share === null ? "" : `${percent(share)} of the `;
  const already = shedKw > STILL_KW ? ` ${kw(shedKw)} kW of it is shed already.` : "";
  const sustained = ` ${kw(sustainedKw)} kW of it can be held for ${span(lastsS)}.`;
  text("offer", `${begin}${kw(offerKw)} kW on offer;${sustained}${already}`);
}
