/*
 * What is held is two quantities in the place of one, as in Python's hold.py: what it is by itself,
 * and what it is held at. On the way back, what took the gradient of the one takes that of the other.
 */

/** @import { Quantity } from "./sent.js" */

/**
 * Return quantities as they are while some are held. The equation of a held quantity stays what it
 * is: it is that of every number which is not held.
 * @param {Record<string, Quantity>} quantities
 * @param {string[]} held
 * @returns {Record<string, Quantity>}
 */
export function whileHeld(quantities, held) {
  if (held.length === 0) return quantities;
  const names = new Map(held.map((name) => [`d_${name}`, `d_own_${name}`]));
  /** @type {Record<string, Quantity>} */
  const found = {};
  for (const [name, q] of Object.entries(quantities)) {
    const text = renamed(q.text, names);
    const shapes = renamed(q.shapes, names);
    // its own name, on the left, stays
    found[name] = {
      ...q,
      form: renamedForm(q.form, names),
      text: q.text.slice(0, name.length) + text.slice(renamed(name, names).length),
      shapes: q.shapes.slice(0, name.length) + shapes.slice(renamed(name, names).length),
    };
  }
  for (const name of held) addOwn(found, quantities, name);
  return found;
}

/**
 * Add what a held quantity is by itself, and its gradient, where the page has them.
 * @param {Record<string, Quantity>} found
 * @param {Record<string, Quantity>} quantities
 * @param {string} name
 */
function addOwn(found, quantities, name) {
  const q = quantities[name];
  if (!q) return;
  const own = `own_${name}`;
  found[own] = {
    ...q,
    symbol: `\\overline{${q.symbol}}`,
    why: `What ${name} would be by itself, were it not held.`,
    text: own + q.text.slice(name.length),
    shapes: own + q.shapes.slice(name.length),
  };
  const free = `free_${name}`;
  found[free] = {
    ...q,
    form: null,
    symbol: `\\mathrm{free}\\,${q.symbol}`,
    why: `1 where ${name} is by itself, 0 where it is held.`,
    text: free,
    shapes: free + q.shapes.slice(name.length).split(" = ")[0],
  };
  const d = quantities[`d_${name}`];
  if (!d) return;
  const { letters } = d;
  /** @type {(of: string) => string} */
  const shaped = (of) => of + q.shapes.slice(name.length).split(" = ")[0];
  found[`d_own_${name}`] = {
    ...d,
    symbol: `\\overline{${d.symbol}}`,
    why: "Where the quantity is held, nothing flows back to what it is computed from.",
    form: ["mul", "", ["at", free, ...letters], ["at", `d_${name}`, ...letters]],
    text: `d_own_${name} = ${free} ⊙ d_${name}`,
    shapes: `${shaped(`d_own_${name}`)} = ${shaped(free)} ⊙ ${shaped(`d_${name}`)}`,
  };
}

/**
 * Return a text with other names in it.
 * @param {string} text
 * @param {Map<string, string>} names
 */
function renamed(text, names) {
  return text.replace(/\w+/g, (word) => names.get(word) ?? word);
}

/**
 * Return an index form with other names in it.
 * @param {any} form
 * @param {Map<string, string>} names
 * @returns {any}
 */
function renamedForm(form, names) {
  if (!Array.isArray(form)) return form;
  if (form[0] === "at") return ["at", names.get(form[1]) ?? form[1], ...form.slice(2)];
  return form.map((part) => renamedForm(part, names));
}
