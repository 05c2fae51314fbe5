// The events: those that run as banners with their figures, all of them as a list.
import { asks } from "/static/banner.js";
import { byId, figure, make, mark, rows, show, style, text } from "/static/dom.js";
import { clock, day, kw, left, percent } from "/static/format.js";

let counting = [];

// Countdowns as of *ts*, the server's time.
export function count(ts) {
  for (const [node, until] of counting) text(node, left(until - ts));
}

export function startsOrEnds(event) {
  if (event.phase === "active") return ["ends in", event.endTs];
  if (event.phase === "near" || event.phase === "far") return ["starts in", event.startTs];
  return [event.phase === "cancelled" ? "cancelled" : "completed", null];
}

export const whole = (event) => `${`${day(event.startTs)} ${clock(event.startTs)}`.trim()} to ${clock(event.endTs)}`;

export function showEvents(events, more, look) {
  counting = [];
  const running = events.filter((event) => event.phase === "active");
  show("none", running.length === 0);
  show("running", running.length > 0);
  rows(byId("running"), running, (event) => event.eventId, (event) => banner(event, look), showBanner);
  show("events-empty", events.length === 0);
  show("events", events.length > 0);
  text("events-count", more ? `the newest ${events.length}` : "");
  rows(byId("events"), events, (event) => event.eventId, (event) => line(event, look), showLine);
}

function banner(event, look) {
  const term = (name) => make("div", {}, make("dt", {}, name), make("dd"));
  const button = make("button", { type: "button" }, "Details…");
  button.setAttribute("aria-label", `Details of ${event.eventId}`);
  button.addEventListener("click", () => look(event.eventId));
  const bar = make("div", { className: "wide" }, make("dt"), make("dd", { className: "meter" }, make("i")));
  return make(
    "li",
    { className: "card event active" },
    make(
      "div",
      { className: "top" },
      make("div", {}, make("h2", {}, make("span", {}, "Event: ends in "), make("span")), make("p", { className: "muted" })),
      make("div", { className: "row" }, button),
    ),
    make("dl", { className: "figures" }, term("Asked"), term("Delivered now"), term("Called for"), term("VENs"), bar),
  );
}

function showBanner(node, event) {
  const [top, figures] = node.children;
  const [title, words] = top.firstChild.children;
  counting.push([title.lastChild, event.endTs]);
  text(words, `${event.eventId} · ${whole(event)} · ${asks(event)}${who(event)}${short(event)}`);
  const [asked, delivered, called, vens, bar] = figures.children;
  figure(asked.lastChild, kw(event.askedKw), "kW");
  figure(delivered.lastChild, kw(event.deliveredKw), "kW");
  figure(called.lastChild, kw(event.calledKw), "kW");
  figure(vens.lastChild, String(event.vens), event.vens === 1 ? "sheds" : "shed");
  const share = event.askedKw > 0 ? event.deliveredKw / event.askedKw : null;
  show(bar, share !== null);
  text(bar.firstChild, `${percent(share ?? 0)} of what is asked`);
  style(bar.lastChild, "--share", `${(Math.min(1, Math.max(0, share ?? 0)) * 100).toFixed(1)}%`);
}

const who = ({ targets }) => (targets.length ? ` · of ${targets.length > 3 ? `${targets.length} targets` : targets.join(", ")}` : "");
const short = ({ shortfallKw }) => (shortfallKw > 0 ? ` · ${kw(shortfallKw)} kW could not be allocated` : "");

function line(event, look) {
  const button = make("button", { type: "button", className: "small" }, "Details…");
  button.setAttribute("aria-label", `Details of ${event.eventId}`);
  button.addEventListener("click", () => look(event.eventId));
  return make("li", {}, make("div", { className: "id" }, make("b"), " ", make("b"), make("span"), make("small")), button);
}

function showLine(node, event) {
  const [state, until, words, id] = node.firstChild.children;
  const [says, ts] = startsOrEnds(event);
  mark(node, event.phase === "active" ? "now" : ts === null ? "over" : "coming");
  text(state, says);
  if (ts === null) text(until, "");
  else counting.push([until, ts]);
  text(words, ` · ${whole(event)} · ${asks(event)}`);
  text(id, event.eventId);
}
