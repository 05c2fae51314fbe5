// The event that matters now, with its countdown; the others below it.
import { clock, kw, left, percent, span } from "./format.js";
import { byId, figure, make, mark, rows, show, style, text } from "./dom.js";

const LEVELS = ["normal", "moderate", "high", "emergency"];
const REASONS = {
  notParticipating: "not taking part",
  overrideStatus: "comfort",
  mustRun: "something must run",
  economic: "not worth it",
  emergency: "emergency",
  outageRunStatus: "outage or repair",
};
let counting = [];
let announced = "";

export const optOutWords = (reason) => REASONS[reason] ?? reason ?? "";

export function showBanner(snapshot) {
  const { events, power, ven } = snapshot;
  const main = chosen(events);
  counting = [];
  byId("event-left").removeAttribute("data-key");
  text("event-left", "");
  const [look, title, words] = told(main, snapshot);
  mark(byId("event"), `card event ${look}`);
  text("event-title", title);
  text("event-words", words);
  if (main !== null && look !== "left") counting.push([byId("event-left"), main.phase === "active" ? main.endTs : main.startTs]);
  const active = main !== null && main.phase === "active" && ven.takesPart;
  show("event-figures", active);
  if (active) showFigures(main, power);
  showOthers(events.filter((event) => event !== main));
  show("opt-out", ven.takesPart);
  show("opt-in", ven.status === "optedOut");
  byId("opt-out").disabled = false;
  count(snapshot.ts);
  announce(title, words);
}

// Countdowns as of *ts*, the VEN's time.
export function count(ts) {
  for (const [node, until] of counting) text(node, left(until - ts));
}

function chosen(events) {
  const going = events.filter((event) => event.phase !== "optedOut");
  return going.find((event) => event.inForce) ?? going.find((event) => event.phase === "active") ?? going[0] ?? events[0] ?? null;
}

function told(event, { ven, power }) {
  if (ven.status === "disabled") return ["left", "Disabled by the operator", "The VEN takes no part in events until it is enabled again."];
  if (ven.status === "optedOut") {
    const until = ven.untilTs === null ? "until you opt in again" : `until ${clock(ven.untilTs)}`;
    const which = event === null ? "" : ` ${event.eventId} goes on without this house.`;
    return ["left", "Opted out of events", `Reason: ${optOutWords(ven.reason)}; ${until}.${which}`];
  }
  if (event === null) {
    return ["", "No event", `If one came now, the house could shed ${kw(power.availableKw)} kW and hold it for ${span(power.sustainS)}.`];
  }
  const what = `${event.eventId} · ${clock(event.startTs)} to ${clock(event.endTs)} · ${asks(event)}`;
  if (event.phase === "optedOut") return ["left", "You left this event", `${what}. It goes on without this house.`];
  if (event.phase === "active") return ["active", "Event: ends in", what];
  return ["near", "Event: starts in", what];
}

export function asks(event) {
  const [first, ...more] = event.intervals;
  if (first === undefined) return "";
  const words = {
    shedKw: `asks ${kw(first.value)} kW less`,
    importLimitKw: `asks for at most ${kw(first.value)} kW`,
    level: `level ${first.value}, ${LEVELS[first.value]}`,
  }[first.signal];
  return more.length ? `${words}, then ${more.length} more step${more.length > 1 ? "s" : ""}` : words;
}

function showFigures(event, power) {
  const askedKw = power.askedKw ?? event.askedKw ?? 0;
  figure("event-asked", kw(askedKw), "kW");
  figure("event-now", kw(power.shedKw), "kW");
  figure("event-mean", event.deliveredKw === null ? "–" : kw(event.deliveredKw), "kW");
  figure("event-kwh", event.deliveredKwh === null ? "–" : event.deliveredKwh.toFixed(3), "kWh");
  const share = askedKw > 0 ? Math.min(1, Math.max(0, power.shedKw / askedKw)) : 1;
  style("event-meter", "--share", `${(share * 100).toFixed(1)}%`);
  text("event-share", percent(share));
}

function showOthers(others) {
  show("event-others", others.length > 0);
  rows(
    byId("event-others"),
    others,
    (event) => event.eventId,
    () => make("li", {}, make("span"), make("span", { className: "muted" }, make("span"), make("b"))),
    (row, event) => {
      const waits = event.phase === "active" ? "waits for the one above, ends in " : "starts in ";
      const over = event.phase === "optedOut";
      text(row.firstChild, `${event.eventId} · ${clock(event.startTs)} to ${clock(event.endTs)} · ${asks(event)}`);
      text(row.lastChild.firstChild, over ? "left" : waits);
      text(row.lastChild.lastChild, "");
      if (!over) counting.push([row.lastChild.lastChild, event.phase === "active" ? event.endTs : event.startTs]);
    },
  );
}

// For those who cannot see it: once when it changes, not with every second of the countdown.
function announce(title, words) {
  const now = title === "No event" ? title : `${title.replace(/ (ends|starts) in$/, " $1 soon")} ${words}`;
  if (now !== announced) text("announce", now);
  announced = now;
}
