// Used, baseline and target power of a house or of a fleet; what was shed lies between baseline and used.

/** @type {import("./chart.js").ChartKind<string>} */
export const POWER = {
  lines: [
    {
      column: "baselineKw",
      label: "Baseline",
      colour: "--baseline",
      key: "dashed",
      look: { width: 1.6, dash: [5, 4] },
    },
    {
      column: "targetKw",
      label: "Target",
      colour: "--event-line",
      key: "wide",
      look: { width: 5, alpha: 0.6 },
    },
    {
      column: "usedKw",
      label: "Used",
      colour: "--accent",
      key: "",
      fill: "--accent-soft",
      look: { width: 2 },
    },
  ],
  between: { upper: "baselineKw", lower: "usedKw", fill: "--good-soft" },
  areas: [
    { words: "Event", colour: "--event-soft" },
    { words: "Shed", colour: "--good-soft" },
  ],
};
