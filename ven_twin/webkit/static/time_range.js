// The stretch of time that a chart shows: the last quarter of an hour to the last week, or any that is
// dragged over, moved or zoomed to; what the server has of it; and the same as a file.
import { read, wordsOf } from "./api.js";
import { attribute, button, byId, show, text } from "./dom.js";
import { dayTime, span } from "./format.js";

const LEAST_S = 60;
const MOST_S = 42 * 86400;
/** Up to here the stream's points go on where the server's end. */
const LIVE_MOST_S = 3600;
const SOON_S = 10;
const LAST = new Map([
  [3600, "hour"],
  [86400, "day"],
  [7 * 86400, "week"],
]);
const MOVED_SHARE = 0.75;

/**
 * What a page shows in its chart: the server's path, what stands in the query beside the time, whether the
 * stream's points are drawn behind the server's, and what draws an answer.
 * @typedef {{
 *   path: string, query: Record<string, string>, streams: boolean,
 *   draw: (history: KitApi.DrawnHistory) => void,
 * }} Source
 */

/** @typedef {import("./chart.js").Band} Band */

export class TimeRange {
  /**
   * @param {import("./chart.js").TimeChart<any>} chart
   * @param {() => Source} source
   * @param {() => number} nowTs
   */
  constructor(chart, source, nowTs) {
    this.chart = chart;
    this.source = source;
    this.nowTs = nowTs;
    /** @type {Band | null} */
    this.stretch = null;
    this.asked = 0;
    this.again = 0;
    this.stepS = 60;
    /** @type {NodeListOf<HTMLElement>} */
    this.presets = document.querySelectorAll("[data-span]");
    const first = [...this.presets].find((one) => one.getAttribute("aria-pressed") === "true");
    this.spanS = Number(first?.dataset.span);
    chart.nowTs = nowTs;
    chart.onDrag = (fromTs, toTs) => this.to(fromTs, toTs);
    for (const one of this.presets) one.addEventListener("click", () => this.last(Number(one.dataset.span)));
    chart.host.addEventListener("dblclick", () => this.zoom(2));
    button("range-earlier").addEventListener("click", () => this.move(-1));
    button("range-later").addEventListener("click", () => this.move(1));
    button("range-in").addEventListener("click", () => this.zoom(0.5));
    button("range-out").addEventListener("click", () => this.zoom(2));
    button("range-now").addEventListener("click", () => this.last(this.spanS));
    byId("range-csv").addEventListener("click", () => this.name());
  }

  /** True while the stream's points are drawn behind the server's. */
  get streams() {
    return this.stretch === null && this.spanS <= LIVE_MOST_S && this.source().streams;
  }

  /** @returns {Band} */
  get window() {
    return this.stretch ?? [this.nowTs() - this.spanS, this.nowTs()];
  }

  /**
   * Follow the time: the last *spanS*.
   * @param {number} spanS
   */
  last(spanS) {
    this.spanS = spanS;
    this.stretch = null;
    this.changed();
  }

  /**
   * @param {number} fromTs
   * @param {number} toTs
   */
  to(fromTs, toTs) {
    const spanS = Math.min(MOST_S, Math.max(LEAST_S, toTs - fromTs));
    const middle = (fromTs + toTs) / 2;
    if (middle + spanS / 2 >= this.nowTs()) {
      this.stretch =
        this.stretch === null && toTs >= this.nowTs() ? null : [this.nowTs() - spanS, this.nowTs()];
    } else {
      this.stretch = [middle - spanS / 2, middle + spanS / 2];
    }
    this.spanS = spanS;
    this.changed();
  }

  /** @param {number} direction */
  move(direction) {
    const [fromTs, toTs] = this.window;
    const by = direction * MOVED_SHARE * (toTs - fromTs);
    if (toTs + by >= this.nowTs()) this.last(toTs - fromTs);
    else this.to(fromTs + by, toTs + by);
  }

  /** @param {number} factor of the span */
  zoom(factor) {
    const [fromTs, toTs] = this.window;
    const spanS = Math.min(MOST_S, Math.max(LEAST_S, (toTs - fromTs) * factor));
    if (this.stretch === null) this.last(spanS);
    else this.to((fromTs + toTs - spanS) / 2, (fromTs + toTs + spanS) / 2);
  }

  changed() {
    for (const one of this.presets) {
      const pressed = this.stretch === null && Number(one.dataset.span) === this.spanS;
      attribute(one, "aria-pressed", String(pressed));
    }
    show("range-now", this.stretch !== null);
    button("range-later").disabled = this.stretch === null;
    button("range-in").disabled = this.spanS <= LEAST_S;
    button("range-out").disabled = this.spanS >= MOST_S;
    this.chart.show(this.spanS, this.stretch);
    this.name();
    this.load();
  }

  /** Read what the server has of the stretch, and again when it has more. */
  async load() {
    clearTimeout(this.again);
    this.asked += 1;
    const { asked, window } = this;
    const source = this.source();
    try {
      /** @type {KitApi.DrawnHistory} */
      const history = await read(`${source.path}?${this.query(window)}`);
      if (asked !== this.asked) return;
      source.draw(history);
      this.chart.show(this.spanS, this.stretch);
      this.stepS = history.stepS;
      this.tell(window, history);
    } catch (error) {
      if (asked !== this.asked) return;
      text("range-words", `This time cannot be read: ${wordsOf(error)}`);
    }
    if (this.stretch !== null || this.streams) return;
    this.again = setTimeout(() => this.load(), Math.max(SOON_S, this.stepS) * 1000);
  }

  /**
   * @param {Band} window
   * @param {KitApi.DrawnHistory} history
   */
  tell([fromTs, toTs], { ts, stepS }) {
    const time =
      this.stretch === null
        ? `The last ${LAST.get(this.spanS) ?? lengthOf(this.spanS)}`
        : `${dayTime(fromTs)} to ${dayTime(toTs)}`;
    const detail = stepS <= 1 ? "by the second" : `in means of ${lengthOf(stepS)}`;
    text(
      "range-words",
      ts.length
        ? `${time}, ${detail}`
        : `${time}: nothing is stored of it${this.streams ? " yet, it is drawn from now on" : ""}`,
    );
  }

  /** @param {Band} window */
  query([fromTs, toTs]) {
    const time = { from: fromTs.toFixed(0), to: Math.ceil(toTs).toFixed(0) };
    const pairs = Object.entries({ ...time, ...this.source().query });
    return pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  }

  /** The file is of what is on the screen when it is called for. */
  name() {
    attribute(byId("range-csv"), "href", `${this.source().path}.csv?${this.query(this.window)}`);
  }
}

/** @param {number} spanS */
function lengthOf(spanS) {
  const days = spanS / 86400;
  if (days >= 1) return `${Number(days.toFixed(1))} ${days === 1 ? "day" : "days"}`;
  return spanS === 60 ? "1 min" : span(spanS);
}
