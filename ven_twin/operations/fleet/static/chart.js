// Requested, delivered and offered power of the fleet.

/** @type {import("/static/kit/chart.js").ChartKind<string>} */
export const FLEET = {
  lines: [
    {
      column: "flexibilityKw",
      label: "On offer",
      colour: "--baseline",
      key: "dashed",
      look: { width: 1.6, dash: [5, 4] },
    },
    {
      column: "askedKw",
      label: "Requested",
      colour: "--event-line",
      key: "wide",
      look: { width: 6, alpha: 0.6 },
    },
    {
      column: "deliveredKw",
      label: "Delivered",
      colour: "--good-line",
      key: "",
      fill: "--good-soft",
      look: { width: 2.2 },
    },
  ],
  areas: [{ words: "Event", colour: "--event-soft" }],
};
