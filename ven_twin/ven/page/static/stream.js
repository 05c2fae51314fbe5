// The VEN's state as it comes, and whether it comes. A page that nobody sees lets go of its connection: a
// browser has six to one host, and a VEN has better to do.

const SILENT_MS = 4000;
const AGAIN_MS = 1000;
const HIDDEN_MS = 20000;

export function listen(url, { state, found, lost }) {
  let source = null;
  let heard = 0;
  let isLost = false;
  let again = 0;
  let hiding = 0;

  function open() {
    close();
    heard = Date.now();
    source = new EventSource(url);
    source.onmessage = (message) => {
      heard = Date.now();
      const first = source.fresh !== false;
      source.fresh = false;
      if (first) found();
      isLost = false;
      state(JSON.parse(message.data));
    };
    source.onerror = gone;
  }

  function close() {
    clearTimeout(again);
    if (source !== null) source.close();
    source = null;
  }

  function gone() {
    close();
    if (!isLost) lost(heard);
    isLost = true;
    again = setTimeout(open, AGAIN_MS);
  }

  setInterval(() => source !== null && Date.now() - heard > SILENT_MS && gone(), 1000);
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(close, HIDDEN_MS);
    else if (source === null) open();
  });
  open();
}
