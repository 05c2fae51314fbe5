// Used, baseline and target power over time, with the time of events shaded. Bounded: an hour of points.
import { clock, clockS, kw } from "./format.js";
import { make, show, text } from "./dom.js";

const KEPT_S = 3600;
const LEAST_S = 60;
// A chart's kind: its lines in the order in which they are drawn (what is used lies on top of what is asked),
// how a state gives their values, which two have the area between them filled, and the legend's areas.
const POWER = {
  lines: [
    { column: "baselineKw", label: "Baseline", colour: "--baseline", key: "dashed", look: { width: 1.6, dash: [5, 4] } },
    { column: "targetKw", label: "Target", colour: "--event-line", key: "wide", look: { width: 6, alpha: 0.6 } },
    { column: "usedKw", label: "Used", colour: "--accent", key: "", fill: "--accent-soft", look: { width: 2.2 } },
  ],
  read: (power) => [power.baselineKw, power.targetKw, power.gridKw],
  between: { series: [1, 3], fill: "--good-soft" },
  areas: [["Event", "--event-soft"], ["Shed", "--good-soft"]],
};

export class PowerChart {
  constructor(host, legend, kind = POWER) {
    this.host = host;
    this.kind = kind;
    this.data = [[], ...kind.lines.map(() => [])];
    this.bands = [];
    this.span = 300;
    this.values = kind.lines.map((series) => {
      const value = make("b", {}, "–");
      const key = make("i", { className: series.key });
      key.style.setProperty("--c", `var(${series.colour})`);
      legend.append(make("span", {}, key, `${series.label} `, value, " kW"));
      return value;
    });
    for (const [words, colour] of kind.areas) {
      const key = make("i", { className: "area" });
      key.style.setProperty("--c", `var(${colour})`);
      legend.append(make("span", {}, key, words));
    }
    this.at = make("span", {}, "");
    legend.append(this.at);
    new ResizeObserver(() => this.resize()).observe(host);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    this.draw();
  }

  load(chart) {
    this.data = [chart.ts, ...this.kind.lines.map((line) => chart[line.column])];
    this.refresh();
  }

  push(ts, power) {
    const last = this.data[0].at(-1) ?? 0;
    if (ts - last < 0.9) return;
    [ts, ...this.kind.read(power)].forEach((value, n) => this.data[n].push(value));
    const old = this.data[0].findIndex((at) => at >= ts - KEPT_S);
    if (old > 60) this.data = this.data.map((column) => column.slice(old));
    this.refresh();
  }

  // Times of events, [start, end] in UTC s.
  events(bands) {
    this.bands = joined(bands);
  }

  show(span) {
    this.span = span;
    this.refresh();
  }

  refresh() {
    this.plot.setData(this.data);
    if (this.plot.cursor.idx == null) this.say(this.data[0].length - 1, false);
  }

  say(index, hovered) {
    this.values.forEach((node, n) => {
      const value = this.data[n + 1][index];
      text(node, value == null ? "–" : kw(value));
      show(node.parentNode, value != null);
    });
    text(this.at, hovered && index >= 0 ? `at ${clockS(this.data[0][index])}` : "");
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.host;
    if (width && height) this.plot.setSize({ width, height });
  }

  draw() {
    if (this.plot) this.plot.destroy();
    const looks = getComputedStyle(document.documentElement);
    const colour = (name) => looks.getPropertyValue(name).trim();
    const font = '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
    const axis = { stroke: colour("--muted"), font, ticks: { show: false } };
    const { lines, between } = this.kind;
    const line = ({ label, colour: name, fill, look }) => ({
      label,
      stroke: colour(name),
      points: { show: false },
      ...(fill ? { fill: colour(fill), fillTo: 0 } : {}),
      ...look,
    });
    this.plot = new uPlot(
      {
        width: this.host.clientWidth || 300,
        height: this.host.clientHeight || 200,
        padding: [10, 18, 0, 0],
        legend: { show: false },
        cursor: { y: false, drag: { setScale: false, x: false, y: false }, points: { size: 7 } },
        scales: { x: { range: () => this.window() }, y: { range: (_, low, high) => around(low, high) } },
        axes: [
          { ...axis, size: 30, grid: { show: false }, space: 74, values: (_, ticks) => ticks.map(ticks[1] - ticks[0] < 60 ? clockS : clock) },
          { ...axis, size: 40, grid: { stroke: colour("--rule"), width: 1 }, values: (_, ticks) => ticks.map((v) => String(v).replace("-", "−")) },
        ],
        series: [{}, ...lines.map(line)],
        bands: between ? [{ series: between.series, fill: colour(between.fill) }] : [],
        hooks: {
          drawClear: [(plot) => this.shade(plot, colour("--event-soft"))],
          setCursor: [(plot) => this.say(plot.cursor.idx ?? this.data[0].length - 1, plot.cursor.idx != null)],
        },
      },
      this.data,
      this.host,
    );
  }

  window() {
    const now = this.data[0].at(-1) ?? Date.now() / 1000;
    const first = Math.min(this.data[0][0] ?? now, now - LEAST_S);
    const from = Math.max(now - this.span, first);
    return [from, now + (now - from) * 0.08];
  }

  shade(plot, colour) {
    const { left, top, width, height } = plot.bbox;
    plot.ctx.save();
    plot.ctx.fillStyle = colour;
    for (const [start, end] of this.bands) {
      const from = Math.max(left, plot.valToPos(start, "x", true));
      const to = Math.min(left + width, plot.valToPos(end, "x", true));
      if (to > from) plot.ctx.fillRect(from, top, to - from, height);
    }
    plot.ctx.restore();
  }
}

// Spans that meet as one, so that none is shaded twice.
function joined(bands) {
  const after = [];
  for (const [start, end] of bands.filter((band) => band[1] > band[0]).sort((a, b) => a[0] - b[0])) {
    const last = after.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else after.push([start, end]);
  }
  return after;
}

// The axis has 0 in it and air above, so that a small change does not look like a large one.
function around(low, high) {
  const least = Math.min(0, low ?? 0);
  const most = Math.max(1, high ?? 1);
  const air = (most - least) * 0.08;
  return [least < 0 ? least - air : 0, most + air];
}
