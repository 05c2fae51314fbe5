// How figures and times are written: two decimals, a true minus, no jumping widths.

export const kw = (value) => fixed(value, 2);

export function fixed(value, digits) {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

export function percent(share) {
  return `${Math.round(share * 100)} %`;
}

export function clock(ts) {
  return new Date(ts * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

export function clockS(ts) {
  return new Date(ts * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
}

export function day(ts) {
  const date = new Date(ts * 1000);
  if (date.toDateString() === new Date().toDateString()) return "";
  return date.toLocaleDateString([], { day: "numeric", month: "short" });
}

export function houseTime(ts, offsetH) {
  const local = new Date((ts + offsetH * 3600) * 1000);
  return local.toLocaleString("en-GB", { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
}

// 4:05, 1:04:05, 2 d 4 h: what is left of a time.
export function left(seconds) {
  const s = Math.max(0, Math.ceil(seconds));
  if (s >= 172800) return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
  const [h, m, rest] = [Math.floor(s / 3600), Math.floor((s % 3600) / 60), String(s % 60).padStart(2, "0")];
  return h ? `${h}:${String(m).padStart(2, "0")}:${rest}` : `${m}:${rest}`;
}

// 40 s, 12 min, 1 h 20 min: about how long.
export function span(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
}
