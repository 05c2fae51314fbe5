// Countdowns: elements that show what is left until a time.
import { text } from "./dom.js";
import { left } from "./format.js";

export class Countdowns {
  constructor() {
    /** @type {Map<HTMLElement, number>} */
    this.until = new Map();
  }

  clear() {
    this.until.clear();
  }

  /**
   * @param {HTMLElement} node
   * @param {number} ts
   */
  set(node, ts) {
    this.until.set(node, ts);
  }

  /**
   * Show what is left as of *ts*, the server's time.
   * @param {number} ts
   */
  show(ts) {
    for (const [node, until] of this.until) text(node, left(until - ts));
  }
}
