// The figures of the fleet.
import { figure, mark, show, style, text } from "/static/dom.js";
import { kw, percent, span } from "/static/format.js";

export function showTotals({ fleet, askedKw, deliveredKw, silent, neverSeen, events }) {
  text("online", `${fleet.online} of ${fleet.known}`);
  text("online-words", fleet.known === 1 ? "VEN" : neverSeen ? `VENs, ${neverSeen} never seen` : "VENs");
  text("shedding", String(fleet.shedding));
  text("shedding-words", fleet.shedding === 1 ? "VEN" : "VENs");
  figure("asked", kw(askedKw), "kW");
  const running = events.filter((event) => event.phase === "active").length;
  text("asked-words", running === 0 ? "no event runs" : running === 1 ? "by one event" : `by ${running} events`);
  figure("delivered", kw(deliveredKw), "kW");
  const share = askedKw > 0 ? deliveredKw / askedKw : null;
  text("delivered-words", share === null ? "nothing is asked" : `${percent(share)} of what is asked`);
  show("delivered-meter", share !== null);
  style("delivered-meter", "--share", `${(Math.min(1, Math.max(0, share ?? 0)) * 100).toFixed(1)}%`);
  figure("flexibility", kw(fleet.flexibilityKw), "kW");
  text("flexibility-words", fleet.holds.slice(0, 2).map((held) => `${kw(held.kw)} for ${span(held.minutes * 60)}`).join("\n"));
  text("away", String(fleet.optedOut + (silent ?? 0)));
  text("away-words", `${fleet.optedOut} opted out, ${silent === null ? "silent not known" : `${silent} silent`}`);
  mark(document.getElementById("away"), silent ? "bad" : "");
}

export function showNone({ fleet, events }) {
  const [quarter, hour] = fleet.holds;
  const next = events.find((event) => event.phase === "near" || event.phase === "far");
  text(
    "none-words",
    fleet.known === 0
      ? "There are no VENs. Deploy some: ven-twin cloud deploy --vens ven-1,ven-2"
      : `The fleet could shed ${kw(fleet.flexibilityKw)} kW now: ${kw(quarter.kw)} for ${span(quarter.minutes * 60)}, ${kw(hour.kw)} for ${span(hour.minutes * 60)}.${next ? ` The next event is ${next.eventId}.` : ""}`,
  );
}
