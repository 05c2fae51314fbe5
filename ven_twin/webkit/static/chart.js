// Lines of power over time, with the time of events shaded. Columns go by their names. A value is the mean
// from its time to the next, and is drawn as such; where nothing is known nothing is drawn.
import { make, show, text } from "./dom.js";
import { clock, clockS, dayOf, dayTime, kw } from "./format.js";
import { uPlot } from "./plot.js";
import { rules } from "./rules.js";

const FEWEST = 60;
const [HOUR_S, DAY_S] = [3600, 86400];
const TICKS_S = [
  ...[1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800],
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_S),
  ...[1, 2, 7, 14].map((days) => days * DAY_S),
];
const LEAST_DRAG_PX = 8;
const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

/**
 * A line: its column, the words and the mark of its legend, its colours, and how it is drawn.
 * @template {string} C
 * @typedef {{
 *   column: C, label: string, colour: string, key: string, fill?: string,
 *   look: { width: number, dash?: number[], alpha?: number },
 * }} ChartLine
 */

/**
 * A chart's kind: its lines in the order in which they are drawn (the last lies on top), two of them between
 * which the area is filled, and the areas of the legend. Of stacked lines *values* has those of the legend.
 * @template {string} C
 * @typedef {{
 *   lines: ChartLine<C>[],
 *   between?: { upper: C, lower: C, fill: string },
 *   areas: { words: string, colour: string }[],
 *   values?: Map<C, (number | null)[]>,
 * }} ChartKind
 */

/** @typedef {[startTs: number, endTs: number]} Band */

/**
 * Points as the servers send them: a value stands from its time to the next.
 * @template {string} C
 * @typedef {{ ts: number[], columns: { [K in C]: (number | null)[] } }} Points
 */

/** @template {string} C */
export class TimeChart {
  /**
   * @param {HTMLElement} host
   * @param {HTMLElement} legend
   * @param {ChartKind<C>} kind
   * @param {(fromTs: number, toTs: number) => void} [onDrag] a stretch of time was chosen
   */
  constructor(host, legend, kind, onDrag = () => {}) {
    this.host = host;
    this.legend = legend;
    this.onDrag = onDrag;
    this.spanS = HOUR_S;
    /** @type {(() => number) | null} the server's time, UTC s */
    this.nowTs = null;
    /** @type {Band | null} */
    this.stretch = null;
    /** @type {Band[]} */
    this.bands = [];
    this.kind = kind;
    /** @type {number[]} */
    this.ts = [];
    /** @type {Map<C, (number | null)[]>} */
    this.columns = new Map();
    /** @type {Map<C, ReturnType<typeof keyed>>} */
    this.values = new Map();
    this.at = make("span");
    this.setUp(kind);
    this.plot = this.drawn();
    new ResizeObserver(() => this.resize()).observe(host);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** @param {ChartKind<C>} kind */
  setUp(kind) {
    this.kind = kind;
    this.ts = [];
    this.columns = new Map(kind.lines.map(({ column }) => [column, []]));
    this.legend.replaceChildren();
    this.values = new Map(kind.lines.map((line) => [line.column, keyed(this.legend, line)]));
    for (const { words, colour } of kind.areas) {
      this.legend.append(make("span", {}, swatch("area", colour), words));
    }
    this.legend.append(this.at);
  }

  /**
   * Show these points, of another kind than before where one is given.
   * @param {Points<C>} points
   * @param {ChartKind<C>} [kind]
   */
  load({ ts, columns }, kind = this.kind) {
    const isOther = kind !== this.kind;
    if (isOther) {
      this.plot.destroy();
      this.setUp(kind);
    }
    this.ts = [...ts];
    for (const column of this.columns.keys()) {
      this.columns.set(column, [...(columns[column] ?? ts.map(() => null))]);
    }
    if (isOther) this.plot = this.drawn();
    this.refresh();
  }

  /**
   * @param {number} ts
   * @param {{ [K in C]: number | null }} values
   */
  push(ts, values) {
    if (ts - (this.ts.at(-1) ?? 0) < rules.chartApartS) return;
    this.add(ts, (column) => values[column]);
    const old = this.ts.findIndex((at) => at >= ts - rules.chartKeptS);
    if (old > FEWEST) {
      this.ts = this.ts.slice(old);
      for (const [column, points] of this.columns) this.columns.set(column, points.slice(old));
    }
    this.refresh();
  }

  /**
   * Add a point; after a time of which nothing is known one without values first: no line goes over it.
   * @param {number} ts
   * @param {(column: C) => number | null} valueOf
   */
  add(ts, valueOf) {
    const before = this.ts.at(-1);
    if (before !== undefined && ts - before > rules.chartGapS) {
      this.ts.push(before + rules.chartApartS);
      for (const points of this.columns.values()) points.push(null);
    }
    this.ts.push(ts);
    for (const [column, points] of this.columns) points.push(valueOf(column));
  }

  /**
   * Shade the times of events, UTC s.
   * @param {{ startTs: number, endTs: number }[]} events
   */
  shadeEvents(events) {
    this.bands = joined(events.map(({ startTs, endTs }) => [startTs, endTs]));
  }

  /**
   * Show the last *spanS*, or a stretch of time that stays where it is.
   * @param {number} spanS
   * @param {Band | null} [stretch] UTC s
   */
  show(spanS, stretch = null) {
    this.spanS = spanS;
    this.stretch = stretch;
    this.refresh();
  }

  refresh() {
    this.plot.setData(this.data());
    if (this.plot.cursor.idx == null) this.showValues(this.ts.length - 1, false);
  }

  /** @returns {PlotData} */
  data() {
    return [this.ts, ...this.columns.values()];
  }

  /**
   * @param {number} index
   * @param {boolean} hovered
   */
  showValues(index, hovered) {
    for (const [column, { node, entry }] of this.values) {
      const value = (this.kind.values ?? this.columns).get(column)?.[index] ?? null;
      text(node, value === null ? "–" : kw(value));
      show(entry, value !== null || this.kind.values !== undefined);
    }
    const ts = this.ts[index];
    const words = this.spanS > HOUR_S ? dayTime : clockS;
    text(this.at, hovered && ts !== undefined ? `at ${words(ts)}` : "");
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.host;
    if (width && height) this.plot.setSize({ width, height });
  }

  draw() {
    this.plot.destroy();
    this.plot = this.drawn();
  }

  drawn() {
    return new uPlot(this.options(), this.data(), this.host);
  }

  /** @returns {PlotOptions} */
  options() {
    const looks = getComputedStyle(document.documentElement);
    /** @param {string} name */
    const colour = (name) => looks.getPropertyValue(name).trim();
    const axis = { stroke: colour("--muted"), font: FONT, ticks: { show: false } };
    const { lines, between } = this.kind;
    /** @param {C} name */
    const place = (name) => lines.findIndex(({ column }) => column === name) + 1;
    return {
      width: this.host.clientWidth || 300,
      height: this.host.clientHeight || 200,
      padding: [10, 18, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { setScale: false, x: true, y: false }, points: { size: 7 } },
      scales: {
        x: { range: () => this.window() },
        y: { range: (_plot, low, high) => around(low, high) },
      },
      axes: [
        {
          ...axis,
          size: 30,
          grid: { show: false },
          space: 68,
          incrs: TICKS_S,
          values: (_plot, ticks) => times(ticks),
        },
        {
          ...axis,
          size: 40,
          grid: { stroke: colour("--rule"), width: 1 },
          values: (_plot, ticks) => ticks.map((tick) => String(tick).replace("-", rules.formats.minus)),
        },
      ],
      series: [
        {},
        ...lines.map(({ label, colour: name, fill, look }) => ({
          label,
          stroke: colour(name),
          points: { show: false },
          ...(uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1, alignGaps: 1 }) } : {}),
          ...(fill ? { fill: colour(fill), fillTo: 0 } : {}),
          ...look,
        })),
      ],
      bands: between
        ? [{ series: [place(between.upper), place(between.lower)], fill: colour(between.fill) }]
        : [],
      hooks: {
        drawClear: [(plot) => this.shade(plot, colour("--event-soft"))],
        setSelect: [(plot) => this.dragged(plot)],
        setCursor: [({ cursor }) => this.showValues(cursor.idx ?? this.ts.length - 1, cursor.idx != null)],
      },
    };
  }

  /** @param {PlotOf} plot */
  dragged(plot) {
    const { left, width } = plot.select;
    if (width === 0) return;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (width >= LEAST_DRAG_PX) this.onDrag(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
  }

  /**
   * The stretch that was chosen, or as wide as the span, however little of it is known.
   * @returns {[number, number]}
   */
  window() {
    if (this.stretch !== null) return this.stretch;
    const now = Math.max(this.ts.at(-1) ?? 0, this.nowTs?.() ?? Date.now() / 1000);
    return [now - this.spanS, now + this.spanS * 0.04];
  }

  /**
   * @param {PlotOf} plot
   * @param {string} colour
   */
  shade({ bbox, ctx, valToPos }, colour) {
    const { left, top, width, height } = bbox;
    ctx.save();
    ctx.fillStyle = colour;
    for (const [start, end] of this.bands) {
      const from = Math.max(left, valToPos(start, "x", true));
      const to = Math.min(left + width, valToPos(end, "x", true));
      if (to > from) ctx.fillRect(from, top, to - from, height);
    }
    ctx.restore();
  }
}

/**
 * An entry of the legend, with the value of its line.
 * @param {HTMLElement} legend
 * @param {ChartLine<string>} line
 */
function keyed(legend, { key, colour, label }) {
  const node = make("b", {}, "–");
  const entry = make("span", {}, swatch(key, colour), `${label} `, node, " kW");
  legend.append(entry);
  return { node, entry };
}

/**
 * @param {string} className
 * @param {string} colour
 */
function swatch(className, colour) {
  const node = make("i", { className });
  node.style.setProperty("--c", `var(${colour})`);
  return node;
}

/** @param {number[]} ticks */
function times(ticks) {
  const [first = 0, second = first] = ticks;
  const stepS = second - first;
  if (stepS >= DAY_S) return ticks.map(dayOf);
  return ticks.map((tick) => {
    if (stepS < 60) return clockS(tick);
    return stepS >= HOUR_S && clock(tick) === "00:00" ? dayOf(tick) : clock(tick);
  });
}

/**
 * Spans that meet as one, so that none is shaded twice.
 * @param {Band[]} bands
 */
function joined(bands) {
  /** @type {Band[]} */
  const after = [];
  const inOrder = bands.filter(([start, end]) => end > start).sort(([a], [b]) => a - b);
  for (const [start, end] of inOrder) {
    const last = after.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else after.push([start, end]);
  }
  return after;
}

/**
 * The axis has 0 in it and air above, so that a small change does not look like a large one.
 * @param {number | null} low
 * @param {number | null} high
 * @returns {[number, number]}
 */
function around(low, high) {
  const least = Math.min(0, low ?? 0);
  const most = Math.max(1, high ?? 1);
  const air = (most - least) * 0.08;
  return [least < 0 ? least - air : 0, most + air];
}
