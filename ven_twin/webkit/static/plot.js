// Loads uPlot, which is a script and its style, not a module.

/**
 * @param {"link" | "script"} tag
 * @param {Partial<HTMLLinkElement & HTMLScriptElement>} properties
 */
function added(tag, properties) {
  return new Promise((loaded, failed) => {
    const node = document.createElement(tag);
    document.head.append(Object.assign(node, properties, { onload: loaded, onerror: failed }));
  });
}

await Promise.all([
  added("link", { rel: "stylesheet", href: "/static/kit/uplot/uPlot.min.css" }),
  added("script", { src: "/static/kit/uplot/uPlot.iife.min.js" }),
]);

export const { uPlot } = globalThis;
