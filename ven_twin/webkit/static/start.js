// The page is painted first; what makes it live comes after that, all at once. Its module stands in
// <html data-page>.

const { page } = document.documentElement.dataset;

requestAnimationFrame(() =>
  setTimeout(() => Promise.all([import("./plot.js"), import("./rules.js"), import(`/static/${page}.js`)])),
);
