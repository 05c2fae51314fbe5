// The little that the pages need of the document: change only what is different, keep rows by their key.

/** @typedef {HTMLElement | string} Place An element, or the id of one. */

/**
 * A function that finds the element of an id, which is there and of that kind.
 * @template {HTMLElement} T
 * @param {new () => T} kind
 * @returns {(id: string) => T}
 */
const finder = (kind) => (id) => {
  const node = document.getElementById(id);
  if (!(node instanceof kind)) throw new Error(`no ${kind.name} has the id ${id}`);
  return node;
};

export const byId = finder(HTMLElement);
export const button = finder(HTMLButtonElement);
export const input = finder(HTMLInputElement);
export const select = finder(HTMLSelectElement);
export const dialog = finder(HTMLDialogElement);

/** @param {Place} place */
const at = (place) => (typeof place === "string" ? byId(place) : place);

/**
 * @param {Place} place
 * @param {string} value
 */
export function text(place, value) {
  const node = at(place);
  if (node.textContent !== value) node.textContent = value;
}

/**
 * A figure with its unit after it, smaller.
 * @param {Place} place
 * @param {string} value
 * @param {string} unit
 */
export function figure(place, value, unit) {
  const node = at(place);
  if (node.dataset.value === `${value} ${unit}`) return;
  node.dataset.value = `${value} ${unit}`;
  node.replaceChildren(value, make("span", { className: "unit" }, unit));
}

/**
 * @param {Place} place
 * @param {boolean} visible
 */
export function show(place, visible) {
  const node = at(place);
  if (node.hidden === visible) node.hidden = !visible;
}

/**
 * @param {Place} place
 * @param {string} name
 * @param {string} value
 */
export function style(place, name, value) {
  const node = at(place);
  if (node.style.getPropertyValue(name) !== value) node.style.setProperty(name, value);
}

/**
 * A meter that is filled to a share, 0 to 1; what is beyond fills it.
 * @param {Place} place
 * @param {number} share
 */
export function meter(place, share) {
  style(place, "--share", `${(Math.min(1, Math.max(0, share)) * 100).toFixed(1)}%`);
}

/**
 * @param {Place} place
 * @param {string} classes
 */
export function mark(place, classes) {
  const node = at(place);
  if (node.className !== classes) node.className = classes;
}

/**
 * @param {Element} node
 * @param {string} name
 * @param {string} value
 */
export function attribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Partial<HTMLElementTagNameMap[K]>} [properties]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

/**
 * The options of a select: values and their words.
 * @param {Iterable<readonly [string, string]>} choices
 */
export const options = (choices) => [...choices].map(([value, words]) => make("option", { value }, words));

/**
 * An element under a name by which `cells` finds it.
 * @template {HTMLElement} T
 * @param {string} name
 * @param {T} node
 */
export function cell(name, node) {
  node.dataset.cell = name;
  return node;
}

/** @type {WeakMap<HTMLElement, Map<string | undefined, HTMLElement>>} */
const CELLS = new WeakMap();

/**
 * A function that gives the cells of a row, or of anything that is built of cells, by their names.
 * @param {HTMLElement} row
 */
export function cells(row) {
  let named = CELLS.get(row);
  if (named === undefined) {
    /** @type {NodeListOf<HTMLElement>} */
    const nodes = row.querySelectorAll("[data-cell]");
    named = new Map([...nodes].map((node) => [node.dataset.cell, node]));
    CELLS.set(row, named);
  }
  const byName = named;
  /** @param {string} name */
  return (name) => {
    const node = byName.get(name);
    if (node === undefined) throw new Error(`the row has no cell ${name}`);
    return node;
  };
}

/**
 * The children of *host*, one an item: kept where the key is the same, made and dropped where it is not.
 * @template T
 * @param {HTMLElement} host
 * @param {readonly T[]} items
 * @param {(item: T) => string} key
 * @param {(item: T) => HTMLElement} build
 * @param {(row: HTMLElement, item: T) => void} update
 */
export function rows(host, items, key, build, update) {
  /** @type {HTMLElement[]} */
  const before = [...host.querySelectorAll(":scope > *")].filter((node) => node instanceof HTMLElement);
  const old = new Map(before.map((node) => [node.dataset.key, node]));
  items.forEach((item, index) => {
    const id = key(item);
    const node = old.get(id) ?? build(item);
    node.dataset.key = id;
    old.delete(id);
    if (host.children[index] !== node) host.insertBefore(node, host.children[index] ?? null);
    update(node, item);
  });
  for (const node of old.values()) node.remove();
}

/**
 * Buttons of which one is pressed, by the name of the data attribute that has their values.
 * @param {string} name
 * @param {(value: string) => void} chosen
 * @returns {string} the value of the one that is pressed at first
 */
export function segments(name, chosen) {
  /** @type {NodeListOf<HTMLElement>} */
  const buttons = document.querySelectorAll(`[data-${name}]`);
  for (const one of buttons) {
    one.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === one));
      chosen(one.dataset[name] ?? "");
    });
  }
  return [...buttons].find((one) => one.getAttribute("aria-pressed") === "true")?.dataset[name] ?? "";
}
