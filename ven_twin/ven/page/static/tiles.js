// The figures of now.
import { byId, figure, meter, show, style, text } from "/static/kit/dom.js";
import { fixed, kw, percent, span } from "/static/kit/format.js";
import { rules } from "./rules.js";

/** @param {VenApi.VenView} view */
export function showTiles({ power, comfort }) {
  figure("grid", kw(Math.abs(power.gridKw)), "kW");
  text("grid-words", power.gridKw < -rules.stillKw ? "exporting" : "importing");
  figure("house-kw", kw(power.houseKw), "kW");
  text("house-words", "without solar, battery");
  show("pv-tile", power.pvKw !== null);
  if (power.pvKw !== null) {
    figure("pv", kw(Math.abs(power.pvKw)), "kW");
    text("pv-words", power.pvKw < -rules.stillKw ? "generating" : "dark");
  }
  show("battery-tile", power.batteryKw !== null);
  if (power.batteryKw !== null) showBattery(power.batteryKw, power.batterySoc ?? 0);
  show("air-tile", comfort !== null);
  if (comfort !== null) showAir(comfort);
  figure("offer", kw(power.availableKw), "kW");
  text("offer-words", power.availableKw > 0 ? `for ${span(power.sustainS)}` : "nothing that lasts");
}

/**
 * @param {number} batteryKw
 * @param {number} soc
 */
function showBattery(batteryKw, soc) {
  figure("battery", kw(Math.abs(batteryKw)), "kW");
  const moves = batteryKw > 0 ? "charging" : "discharging";
  text("battery-words", `${Math.abs(batteryKw) > rules.stillKw ? moves : "at rest"}, ${percent(soc)} full`);
  meter("battery-meter", soc);
}

/**
 * Where the air is between the limits that no event passes; the band is what the resident chose.
 * @param {VenApi.ComfortView} comfort
 */
function showAir({ airC, outdoorC, heatingC, coolingC, coolestC, warmestC }) {
  figure("air", fixed(airC, 1), "°C");
  text("air-words", `comfort ${fixed(heatingC, 1)} to ${fixed(coolingC, 1)}, ${fixed(outdoorC, 1)} outside`);
  /** @param {number} c */
  const at = (c) => Math.min(100, Math.max(0, ((c - coolestC) / (warmestC - coolestC)) * 100));
  style("air-gauge", "--at", `${at(airC).toFixed(1)}%`);
  style("air-gauge", "--from", `${at(heatingC).toFixed(1)}%`);
  style("air-gauge", "--wide", `${(at(coolingC) - at(heatingC)).toFixed(1)}%`);
  byId("air-gauge").title = `never below ${fixed(coolestC, 1)} or above ${fixed(warmestC, 1)} °C`;
}
