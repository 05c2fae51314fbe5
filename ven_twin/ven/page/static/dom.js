// The little that the pages need of the document: change only what is different, keep rows by their key.

export const byId = (id) => document.getElementById(id);

export function text(node, value) {
  const at = typeof node === "string" ? byId(node) : node;
  if (at.textContent !== value) at.textContent = value;
}

// A figure with its unit after it, smaller.
export function figure(node, value, unit) {
  const at = typeof node === "string" ? byId(node) : node;
  if (at.dataset.value === `${value} ${unit}`) return;
  at.dataset.value = `${value} ${unit}`;
  at.replaceChildren(value, make("span", { className: "unit" }, unit));
}

export function show(node, visible) {
  const at = typeof node === "string" ? byId(node) : node;
  if (at.hidden === visible) at.hidden = !visible;
}

export function style(node, name, value) {
  const at = typeof node === "string" ? byId(node) : node;
  if (at.style.getPropertyValue(name) !== value) at.style.setProperty(name, value);
}

export function mark(node, classes) {
  if (node.className !== classes) node.className = classes;
}

export function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

// The children of *host*, one an item: kept where the key is the same, made and dropped where it is not.
export function rows(host, items, key, build, update) {
  const known = new Map([...host.children].map((node) => [node.dataset.key, node]));
  items.forEach((item, index) => {
    const id = key(item);
    let node = known.get(id);
    if (node === undefined) {
      node = build(item);
      node.dataset.key = id;
    }
    known.delete(id);
    if (host.children[index] !== node) host.insertBefore(node, host.children[index] ?? null);
    update(node, item);
  });
  for (const node of known.values()) node.remove();
}
