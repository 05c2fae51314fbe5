// The server's messages as they come, and whether they come. A page that nobody sees lets go of its
// connection: a browser has six to one host, and a server has better to do.
import { mark, show, text } from "./dom.js";
import { clockS } from "./format.js";
import { rules } from "./rules.js";

const AGAIN_MS = 1000;
const HIDDEN_MS = 20000;

/**
 * What a page does with its stream: `message` with each message, `opened` when messages come (again),
 * `lost` when they do not, with the time of the last one, ms, or null when there was none.
 * @template T
 * @typedef {{
 *   message: (message: T) => void, opened: () => void, lost: (heardMs: number | null) => void,
 * }} Listener
 */

/**
 * @template T
 * @param {string} url
 * @param {Listener<T>} listener
 */
export function listen(url, { message, opened, lost }) {
  /** @type {EventSource | null} */
  let source = null;
  let lastMs = 0;
  /** @type {number | null} */
  let heardMs = null;
  let isLost = false;
  let again = 0;
  let hiding = 0;

  function open() {
    close();
    lastMs = Date.now();
    let isFirst = true;
    source = new EventSource(url);
    source.onmessage = ({ data }) => {
      lastMs = heardMs = Date.now();
      if (isFirst) opened();
      isFirst = false;
      isLost = false;
      message(JSON.parse(data));
    };
    source.onerror = gone;
  }

  function close() {
    clearTimeout(again);
    source?.close();
    source = null;
  }

  function gone() {
    close();
    if (!isLost) lost(heardMs);
    isLost = true;
    again = setTimeout(open, AGAIN_MS);
  }

  setInterval(() => {
    if (source !== null && Date.now() - lastMs > rules.silentS * 1000) gone();
  }, 1000);
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(close, HIDDEN_MS);
    else if (source === null) open();
  });
  open();
}

/**
 * Listen, and say on the page when its server is lost; *name* is the server's on the pill.
 * @template T
 * @param {string} name
 * @param {Listener<T>} listener
 */
export function follow(name, { message, opened, lost }) {
  listen("/api/stream", {
    message,
    opened() {
      showLost(false);
      opened();
    },
    lost(heardMs) {
      const last = heardMs === null ? null : `It was last heard at ${clockS(heardMs / 1000)}.`;
      text("lost-since", last ?? "It has not been heard yet.");
      showLost(true);
      show("offline", false);
      mark("cloud", "pill bad");
      text("cloud", `No ${name}`);
      lost(heardMs);
    },
  });
}

/** @param {boolean} lost */
function showLost(lost) {
  show("lost", lost);
  document.body.classList.toggle("lost", lost);
  for (const node of document.querySelectorAll("main")) node.inert = lost;
}

let saying = 0;

/**
 * Say something for a while; null says nothing any more.
 * @param {string | null} words
 * @param {number} forMs
 */
export function say(words, forMs) {
  clearTimeout(saying);
  show("problem", words !== null);
  if (words === null) return;
  text("problem", words);
  saying = setTimeout(() => show("problem", false), forMs);
}
