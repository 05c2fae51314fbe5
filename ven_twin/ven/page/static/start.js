// The page is painted first; what makes it live comes after that. Which module it is stands in <html data-page>.

function added(tag, properties) {
  return new Promise((loaded, failed) => {
    const node = Object.assign(document.createElement(tag), properties, { onload: loaded, onerror: failed });
    document.head.append(node);
  });
}

requestAnimationFrame(() => setTimeout(async () => {
  await Promise.all([
    added("link", { rel: "stylesheet", href: "/static/uplot/uPlot.min.css" }),
    added("script", { src: "/static/uplot/uPlot.iife.min.js" }),
  ]);
  await import(`./${document.documentElement.dataset.page}.js`);
}));
