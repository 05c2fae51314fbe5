// The power of every circuit, one on top of the other.

/** @typedef {import("/static/kit/chart.js").ChartKind<string>} Kind */

const LAYERS = 7;
/** The circuits that draw most have a layer of their own; the others are one. */
const OTHERS = "others";

/**
 * Layers of the circuits' power: what is drawn above 0, what is generated or discharged below it.
 * @param {KitApi.DrawnHistory} history
 * @param {(id: string) => string} nameOf
 * @returns {{ kind: Kind, points: import("/static/kit/chart.js").Points<string> }}
 */
export function layered({ ts, columns }, nameOf) {
  const own = layersOf(ts, columns);
  /** @type {[string, (number | null)[]][]} */
  const drawn = [];
  for (const sign of [1, -1]) {
    let below = ts.map(() => 0);
    const onTop = own.flatMap(([id, values]) => {
      if (!values.some((value) => value !== null && value * sign > 0)) return [];
      below = below.map((sum, index) => sum + sign * Math.max(0, sign * (values[index] ?? 0)));
      const top = below.map((sum, index) => (values[index] === null ? null : sum));
      return [/** @type {[string, (number | null)[]]} */ ([sign > 0 ? id : `${id} out`, top])];
    });
    drawn.push(...onTop.reverse());
  }
  const colours = coloursOf(
    own.map(([id]) => id),
    Object.keys(columns),
  );
  const lines = drawn.map(([column]) => {
    const id = column.replace(/ out$/, "");
    const colour = colours.get(id) ?? "--layer-others";
    const label = id === OTHERS ? "Other circuits" : nameOf(id);
    return { column, label, colour, key: "area", fill: colour, look: { width: 1 } };
  });
  const values = new Map(drawn.map(([column]) => [column, columns[column.replace(/ out$/, "")] ?? []]));
  const others = own.find(([id]) => id === OTHERS);
  if (others !== undefined) for (const end of ["", " out"]) values.set(OTHERS + end, others[1]);
  const areas = [{ words: "Event", colour: "--event-soft" }];
  return { kind: { lines, areas, values }, points: { ts, columns: Object.fromEntries(drawn) } };
}

/**
 * The circuits that have most energy in this time, and the sum of the others.
 * @param {number[]} ts
 * @param {{ [id: string]: (number | null)[] }} columns
 * @returns {[string, (number | null)[]][]}
 */
function layersOf(ts, columns) {
  /** @param {(number | null)[]} values */
  const energy = (values) =>
    values.reduce((sum, value, index) => {
      const lengthS = (ts[index + 1] ?? ts[index] ?? 0) - (ts[index] ?? 0);
      return (sum ?? 0) + Math.abs(value ?? 0) * lengthS;
    }, 0) ?? 0;
  const byEnergy = Object.entries(columns).sort(([, a], [, b]) => energy(b) - energy(a));
  const [most, rest] = [byEnergy.slice(0, LAYERS), byEnergy.slice(LAYERS)];
  if (rest.length === 0) return most;
  const others = ts.map((_, index) => {
    const known = rest.map(([, values]) => values[index] ?? null).filter((value) => value !== null);
    return known.length ? known.reduce((sum, value) => sum + value, 0) : null;
  });
  return [...most, [OTHERS, others]];
}

/**
 * A colour for each layer, by the place of its circuit on the panel: another stretch of time has the same.
 * @param {string[]} layers
 * @param {string[]} panel
 */
function coloursOf(layers, panel) {
  const taken = new Set();
  const inOrder = layers.filter((id) => id !== OTHERS).sort((a, b) => panel.indexOf(a) - panel.indexOf(b));
  return new Map(
    inOrder.map((id) => {
      let place = panel.indexOf(id) % LAYERS;
      while (taken.has(place)) place = (place + 1) % LAYERS;
      taken.add(place);
      return [id, `--layer-${place + 1}`];
    }),
  );
}
