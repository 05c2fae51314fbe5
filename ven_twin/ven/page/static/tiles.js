// The figures of now.
import { fixed, kw, percent, span } from "./format.js";
import { byId, figure, show, style, text } from "./dom.js";

const STILL_KW = 0.01;

export function showTiles({ power, comfort }) {
  figure("grid", kw(Math.abs(power.gridKw)), "kW");
  text("grid-words", power.gridKw < -STILL_KW ? "exporting" : "importing");
  figure("house-kw", kw(power.houseKw), "kW");
  text("house-words", "without solar, battery");
  show("pv-tile", power.pvKw !== null);
  if (power.pvKw !== null) {
    figure("pv", kw(Math.abs(power.pvKw)), "kW");
    text("pv-words", power.pvKw < -STILL_KW ? "generating" : "dark");
  }
  show("battery-tile", power.batteryKw !== null);
  if (power.batteryKw !== null) showBattery(power);
  show("air-tile", comfort !== null);
  if (comfort !== null) showAir(comfort);
  figure("offer", kw(power.availableKw), "kW");
  text("offer-words", power.availableKw > STILL_KW ? `for ${span(power.sustainS)}` : "nothing to shed");
}

function showBattery({ batteryKw, batterySoc }) {
  figure("battery", kw(Math.abs(batteryKw)), "kW");
  const does = batteryKw > STILL_KW ? "charging" : batteryKw < -STILL_KW ? "discharging" : "at rest";
  text("battery-words", `${does}, ${percent(batterySoc)} full`);
  style("battery-meter", "--share", `${(batterySoc * 100).toFixed(1)}%`);
}

// Where the air is between the limits that no event passes; the band is what the resident chose.
function showAir({ airC, heatingC, coolingC, coolestC, warmestC }) {
  figure("air", fixed(airC, 1), "°C");
  text("air-words", `comfort ${fixed(heatingC, 1)} to ${fixed(coolingC, 1)}`);
  const at = (c) => Math.min(100, Math.max(0, ((c - coolestC) / (warmestC - coolestC)) * 100));
  const gauge = byId("air-gauge");
  style(gauge, "--at", `${at(airC).toFixed(1)}%`);
  style(gauge, "--from", `${at(heatingC).toFixed(1)}%`);
  style(gauge, "--wide", `${(at(coolingC) - at(heatingC)).toFixed(1)}%`);
  gauge.title = `never below ${fixed(coolestC, 1)} or above ${fixed(warmestC, 1)} °C`;
}
