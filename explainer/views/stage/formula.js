/*
 * The formula of one number, in the browser: an equation's tree is walked for one index, then
 * written. Every text is the one that `explain` makes (scalar.py, formula.py, explanation.py).
 * Needs numbers.js.
 */

/**
 * A tensor's name, a constant, or a kind with its option and its parts (trees.py).
 * @typedef {string | number | [string, string | number | null, ...any]} Tree
 *
 * @typedef {{dims: string[], shape: number[], symbol: string, tree: Tree | null}} Quantity
 *
 * Quantities and their numbers; `value` gives undefined for a number that is not there.
 * @typedef {{quantities: Map<string, Quantity> | Record<string, Quantity>,
 *   value: (name: string, index: number[]) => number | undefined}} Book
 *
 * @typedef {{dim: string, size: number}} Axis
 *
 * A place on an axis, or the letter that runs over it.
 * @typedef {number | string} Place
 *
 * One number: an element of a tensor, a constant (a count has letters), or a kind applied to
 * parts. A sum over a letter has one part that stands for all.
 * @typedef {{kind: "element", name: string, index: Place[]}} Entry
 * @typedef {{kind: "constant", value: number, letters: string}} Constant
 * @typedef {{kind: string, parts: Scalar[], letter: string}} Op
 * @typedef {any} Scalar an Entry, a Constant or an Op
 *
 * Numbers instead of names, LaTeX instead of plain text, digits as in `show`, and the most terms
 * of a sum to write out (null: all).
 * @typedef {{book: Book, numbers: boolean, latex: boolean, digits: number | null,
 *   shown: number | null}} Style
 *
 * A piece of a text; one that stands for one number of a tensor says which.
 * @typedef {{text: string, name?: string, index?: number[]}} Piece
 *
 * How tightly pieces hold together: a sum, a product, anything that needs no brackets.
 * @typedef {{pieces: Piece[], hold: number}} Written
 *
 * @typedef {{text: string, value: number, elements: {name: string, index: number[]}[]}} Factor
 */

/** What runs in a sum over each dim, and over the same dim a second time. */
const LETTERS = { B: "b", T: "t", D: "dc", H: "kj", V: "vu" };

const FUNCTIONS = {
  sigmoid,
  tanh: Math.tanh,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  min: (x) => Math.min(x, 1),
};
const SOFT = {
  softmax: (values, position) => Math.exp(logSoftmax(values, position)),
  log_softmax: logSoftmax,
};
const ARITHMETIC = {
  add: fsum,
  sum: fsum,
  sub: ([a, b]) => a - b,
  mul: (values) => values.reduce((a, b) => a * b),
  div: ([a, b]) => a / b,
  neg: ([a]) => -a,
  lookup: ([, found]) => found,
};

/** What stands around the parts. */
const TEXT = {
  mul: "·",
  minus: "−",
  brackets: ["(", ")"],
  div: ["", " / ", ""],
  sigmoid: ["σ(", ")"],
  tanh: ["tanh(", ")"],
  exp: ["exp(", ")"],
  log: ["ln(", ")"],
  sqrt: ["√(", ")"],
  min: ["min(", ", 1)"],
  sum: ["Σ_", " "],
  more: ["… ", " more …"],
  more_zeros: ["… ", " more, each 0 …"],
  softmax: ["exp(", ") / (", ")"],
  log_softmax: ["", " − ln(", ")"],
};
const LATEX = {
  mul: " \\cdot ",
  minus: "-",
  brackets: ["\\left(", "\\right)"],
  div: ["\\frac{", "}{", "}"],
  sigmoid: ["\\sigma\\left(", "\\right)"],
  tanh: ["\\tanh\\left(", "\\right)"],
  exp: ["\\exp\\left(", "\\right)"],
  log: ["\\ln\\left(", "\\right)"],
  sqrt: ["\\sqrt{", "}"],
  min: ["\\min\\left(", ", 1\\right)"],
  sum: ["\\sum_{", "} "],
  more: ["\\ldots\\;", "\\text{ more}\\;\\ldots"],
  more_zeros: ["\\ldots\\;", "\\text{ more, each }0\\;\\ldots"],
  softmax: ["\\frac{\\exp\\left(", "\\right)}{", "}"],
  log_softmax: ["", " - \\ln\\left(", "\\right)"],
};
const LOOSE = 1;
const PRODUCT = 2;
const TIGHT = 3;

/** Names only: no number decides which terms are written. */
const PLAIN = {
  book: { quantities: {}, value: () => 0 },
  numbers: false,
  latex: false,
  digits: 4,
  shown: 8,
};

/** A number that the book does not have. */
class Missing extends Error {
  /**
   * @param {string} quantity
   * @param {number[]} index
   */
  constructor(quantity, index) {
    super(`no number for ${place(quantity, index)}`);
    this.name = "Missing";
    this.quantity = quantity;
    this.index = index;
  }
}

/**
 * Open one number: its formula with names, with numbers, and in LaTeX.
 * @param {Book} book
 * @param {string} name
 * @param {number[]} index
 * @param {{digits?: number | null, shown?: number | null}} [options] as in Style
 * @returns {{name: string, index: number[], symbols: Piece[], numbers: Piece[], latex: string,
 *   operands: {name: string, index: number[]}[], tree: Scalar | null}} the tree is null for what
 *   is given
 */
function explanation(book, name, index, { digits = 4, shown = 8 } = {}) {
  const { tree } = quantityOf(book, name);
  const result = entry(name, index);
  const style = { book, numbers: false, latex: false, digits, shown };
  const inNumbers = { ...style, numbers: true };
  const ends = [write(result, style), write(result, inNumbers)];
  const latexEnds = [inLatex(result, style), inLatex(result, inNumbers)];
  if (tree === null) {
    const symbols = [...ends[0], { text: " is given" }];
    const numbers = fill(["", " = ", ""], ...ends);
    const latex = latexEnds.join(" = ");
    return { name, index, symbols, numbers, latex, operands: [], tree };
  }
  const short = scalar(book, tree, index, false);
  const full = scalar(book, tree, index, true);
  const middle = [inLatex(short, style), inLatex(full, inNumbers)];
  return {
    name,
    index,
    symbols: fill(["", " = ", ""], ends[0], write(short, style)),
    numbers: fill(["", " = ", " = ", ""], ends[0], write(full, inNumbers), ends[1]),
    latex: [latexEnds[0], ...middle, latexEnds[1]].join(" = "),
    operands: once(elements(full)),
    tree: full,
  };
}

/**
 * Return a book's quantity.
 * @param {Book} book
 * @param {string} name
 * @returns {Quantity}
 */
function quantityOf(book, name) {
  return book.quantities instanceof Map ? book.quantities.get(name) : book.quantities[name];
}

/**
 * Look a number up.
 * @param {Book} book
 * @param {Entry} x
 * @returns {number}
 */
function look(book, x) {
  const value = book.value(x.name, x.index);
  if (value === undefined) {
    throw new Missing(x.name, x.index);
  }
  return value;
}

/**
 * Compute a number from the elements it names.
 * @param {Scalar} x
 * @param {Book} book
 * @returns {number}
 */
function evaluate(x, book) {
  if (x.kind === "element") {
    return look(book, x);
  }
  if (x.kind === "constant") {
    return x.value;
  }
  const values = x.parts.map((part) => evaluate(part, book));
  if (x.kind in FUNCTIONS) {
    return FUNCTIONS[x.kind](values[0]);
  }
  if (x.kind in SOFT) {
    return SOFT[x.kind](values.slice(1), values[0]);
  }
  return ARITHMETIC[x.kind](values);
}

/**
 * Make one number of a tensor.
 * @param {string} name
 * @param {Place[]} index
 * @returns {Entry}
 */
function entry(name, index) {
  return { kind: "element", name, index };
}

/**
 * Make a constant.
 * @param {number} value
 * @param {string} [letters]
 * @returns {Constant}
 */
function constant(value, letters = "") {
  return { kind: "constant", value, letters };
}

/**
 * Make a kind applied to parts.
 * @param {string} kind
 * @param {Scalar[]} parts
 * @param {string} [letter]
 * @returns {Op}
 */
function op(kind, parts, letter = "") {
  return { kind, parts, letter };
}

/**
 * Count the numbers along some axes.
 * @param {Axis[]} over
 * @returns {Constant}
 */
function count(over) {
  const size = over.reduce((product, axis) => product * axis.size, 1);
  return constant(size, over.map((axis) => axis.dim).join("·"));
}

/**
 * Split a contraction's labels into those of each part, of the result, and summed ones.
 * @param {string} option such as "...d,hd->...h"
 * @returns {{inputs: string[], output: string, summed: string[]}}
 */
function labels(option) {
  const [left, output] = option.replaceAll("...", "").split("->");
  const inputs = left.split(",");
  const summed = [...new Set(inputs.join(""))].filter((label) => !output.includes(label));
  return { inputs, output, summed };
}

/**
 * Return the axes of an expression from the axes of its tensors.
 * @param {Book} book
 * @param {Tree} tree
 * @returns {Axis[]}
 */
function axes(book, tree) {
  if (typeof tree === "string") {
    const { dims, shape } = quantityOf(book, tree);
    return dims.map((dim, i) => ({ dim, size: shape[i] }));
  }
  if (typeof tree === "number" || tree[0] === "size") {
    return [];
  }
  const [kind, option, ...parts] = tree;
  const own = parts.map((part) => axes(book, part));
  switch (kind) {
    case "contract":
      return contractedAxes(book, tree, own[0]);
    case "sum":
    case "mean":
      return own[0].filter((_, i) => !summedAxes(own[0], option).includes(i));
    case "unsqueeze":
      return [...own[0], { dim: "1", size: 1 }];
    case "expand_as":
      return own[1];
    case "lookup":
      return [...own[0], own[1].at(-1)];
    default:
      return broadcast(own);
  }
}

/**
 * Return which axes a sum or mean removes.
 * @param {Axis[]} own
 * @param {number | null} option
 * @returns {number[]}
 */
function summedAxes(own, option) {
  return option === null ? [...own.keys()] : [(option + own.length) % own.length];
}

/**
 * Return the axes of a contraction.
 * @param {Book} book
 * @param {Tree} tree
 * @param {Axis[]} first the axes of the first part
 * @returns {Axis[]}
 */
function contractedAxes(book, tree, first) {
  const { inputs, output } = labels(tree[1]);
  const found = labelAxes(book, tree);
  const leading = tree[1].includes("...") ? first.slice(0, first.length - inputs[0].length) : [];
  return [...leading, ...[...output].map((label) => found.get(label))];
}

/**
 * Return the axis behind each label of a contraction.
 * @param {Book} book
 * @param {Tree} tree
 * @returns {Map<string, Axis>}
 */
function labelAxes(book, tree) {
  const [, option, ...parts] = tree;
  const found = new Map();
  labels(option).inputs.forEach((names, i) => {
    const own = axes(book, parts[i]);
    [...names].forEach((label, j) => found.set(label, own[own.length - names.length + j]));
  });
  return found;
}

/**
 * Return the axes of an element-by-element result: aligned right, length 1 gives way.
 * @param {Axis[][]} shapes
 * @returns {Axis[]}
 */
function broadcast(shapes) {
  const length = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length }, (_, i) => {
    const column = shapes.map((shape) => shape[shape.length - length + i]).filter(Boolean);
    return column.reduce((best, axis) => (axis.size > best.size ? axis : best));
  });
}

/**
 * Return how the number at a place is made.
 * @param {Book} book
 * @param {Tree} tree
 * @param {Place[]} at
 * @param {boolean} expand write every term of a sum
 * @returns {Scalar}
 */
function scalar(book, tree, at, expand) {
  if (typeof tree === "string") {
    return entry(tree, at);
  }
  if (typeof tree === "number") {
    return constant(tree);
  }
  const [kind, option, ...parts] = tree;
  switch (kind) {
    case "before":
    case "after":
      return neighbour(book, tree, at);
    case "size": {
      const own = axes(book, parts[0]);
      return count(option === null ? own : [own.at(option)]);
    }
    case "contract":
      return contract(book, tree, at, expand);
    case "sum":
    case "mean":
      return sumOrMean(book, tree, at, expand);
    case "softmax":
    case "log_softmax":
      return soft(book, tree, at, expand);
    case "lookup":
      return lookup(book, parts, at, expand);
    case "unsqueeze":
      return scalar(book, parts[0], at.slice(0, -1), expand);
    case "expand_as":
      return scalar(book, parts[0], spread(axes(book, parts[0]), at), expand);
    default:
      return op(
        kind,
        parts.map((part) => scalar(book, part, spread(axes(book, part), at), expand)),
      );
  }
}

/**
 * Return a number of the time step before (or after), or what stands at the edge.
 * @param {Book} book
 * @param {Tree} tree
 * @param {number[]} at
 * @returns {Scalar}
 */
function neighbour(book, [kind, , name, edge], [b, t, unit]) {
  const { dims, shape } = quantityOf(book, name);
  const other = t + (kind === "before" ? -1 : 1);
  if (other >= 0 && other < shape[dims.indexOf("T")]) {
    return entry(name, [b, other, unit]);
  }
  return scalar(book, edge, [b, unit], true);
}

/**
 * Return one number of a product of matrices: a sum over the labels that vanish.
 * @param {Book} book
 * @param {Tree} tree
 * @param {Place[]} at
 * @param {boolean} expand
 * @returns {Scalar}
 */
function contract(book, tree, at, expand) {
  const [, option, ...parts] = tree;
  const { inputs, output, summed } = labels(option);
  const found = labelAxes(book, tree);
  const leading = at.slice(0, at.length - output.length);
  const where = new Map([...output].map((label, i) => [label, at[leading.length + i]]));
  const term = (places) => {
    summed.forEach((label, i) => where.set(label, places[i]));
    const factors = parts.map((part, i) => {
      const own = [...inputs[i]].map((label) => where.get(label));
      return scalar(book, part, i === 0 ? [...leading, ...own] : own, expand);
    });
    return factors.length === 1 ? factors[0] : op("mul", factors);
  };
  return total(
    summed.map((label) => found.get(label)),
    term,
    expand,
  );
}

/**
 * Return one number of a sum or mean along some axes.
 * @param {Book} book
 * @param {Tree} tree
 * @param {Place[]} at
 * @param {boolean} expand
 * @returns {Scalar}
 */
function sumOrMean(book, [kind, option, part], at, expand) {
  const own = axes(book, part);
  const removed = summedAxes(own, option);
  const over = removed.map((i) => own[i]);
  const term = (places) => {
    const whole = [...at];
    removed.forEach((axis, i) => whole.splice(axis, 0, places[i]));
    return scalar(book, part, whole, expand);
  };
  const sum = total(over, term, expand);
  return kind === "sum" ? sum : op("div", [sum, count(over)]);
}

/**
 * Return a sum over some axes: every term, or one that stands for all.
 * @param {Axis[]} over
 * @param {(places: Place[]) => Scalar} term
 * @param {boolean} expand
 * @returns {Scalar}
 */
function total(over, term, expand) {
  if (!over.length) {
    return term([]);
  }
  if (!expand) {
    const letters = over.reduce(
      (taken, { dim }) => [...taken, [...LETTERS[dim]].find((c) => !taken.includes(c))],
      [],
    );
    return op("sum", [term(letters)], letters.join(","));
  }
  let places = [[]];
  for (const { size } of over) {
    places = places.flatMap((p) => Array.from({ length: size }, (_, i) => [...p, i]));
  }
  return op("sum", places.map(term));
}

/**
 * Return one number of a softmax (or its logarithm): the position, then every number of the row.
 * @param {Book} book
 * @param {Tree} tree
 * @param {Place[]} at
 * @param {boolean} expand
 * @returns {Scalar}
 */
function soft(book, [kind, , part], at, expand) {
  const { dim, size } = axes(book, part).at(-1);
  const of = (v) => scalar(book, part, [...at.slice(0, -1), v], expand);
  if (expand) {
    return op(kind, [constant(at.at(-1)), ...Array.from({ length: size }, (_, v) => of(v))]);
  }
  const letter = LETTERS[dim][0];
  return op(kind, [of(at.at(-1)), of(letter)], letter);
}

/**
 * Return one number of a row that is looked up: the row's number, then what stands there.
 * @param {Book} book
 * @param {Tree[]} parts
 * @param {Place[]} at
 * @param {boolean} expand
 * @returns {Scalar}
 */
function lookup(book, [rows, table], at, expand) {
  const row = scalar(book, rows, at.slice(0, -1), expand);
  return op("lookup", [row, scalar(book, table, [look(book, row), at.at(-1)], expand)]);
}

/**
 * Return the place in a part of an element-by-element result: aligned right.
 * @param {Axis[]} own
 * @param {Place[]} at
 * @returns {Place[]}
 */
function spread(own, at) {
  return own.map(({ dim }, i) => (dim === "1" ? 0 : at[at.length - own.length + i]));
}

/**
 * Write the formula of one number; the texts of the pieces, joined, are the formula.
 * @param {Scalar} x
 * @param {Style} style
 * @returns {Piece[]}
 */
function write(x, style) {
  return written(x, style).pieces;
}

/**
 * Write the formula of one number in LaTeX.
 * @param {Scalar} x
 * @param {Style} style
 * @returns {string}
 */
function inLatex(x, style) {
  return joined(write(x, { ...style, latex: true }));
}

/**
 * Return the text of pieces.
 * @param {Piece[]} pieces
 * @returns {string}
 */
function joined(pieces) {
  return pieces.map((piece) => piece.text).join("");
}

/**
 * Put pieces where a template has its gaps.
 * @param {string[]} template what stands before, between and after the gaps
 * @param {...Piece[]} gaps
 * @returns {Piece[]}
 */
function fill(template, ...gaps) {
  const pieces = template.flatMap((text, i) => [{ text }, ...(gaps[i] ?? [])]);
  return pieces.filter((piece) => piece.text);
}

/**
 * Write a name and a place, such as "z[0,2,1]".
 * @param {string} name
 * @param {Place[]} index
 * @returns {string}
 */
function place(name, index) {
  return index.length ? `${name}[${index.join(",")}]` : name;
}

/**
 * Return a tensor's name, or its symbol in LaTeX.
 * @param {string} name
 * @param {Style} style
 * @returns {string}
 */
function nameIn(name, style) {
  return style.latex ? quantityOf(style.book, name).symbol : name;
}

/**
 * Write one number of a tensor: its name and place, or the number.
 * @param {Entry} x
 * @param {Style} style
 * @returns {Piece}
 */
function entryPiece(x, style) {
  const text = style.numbers ? entryNumber(x, style) : place(nameIn(x.name, style), x.index);
  // with a letter that runs it stands for many numbers
  return x.index.every(Number.isInteger) ? { text, name: x.name, index: x.index } : { text };
}

/**
 * Write a tensor's number; an id is a whole one.
 * @param {Entry} x
 * @param {Style} style
 * @returns {string}
 */
function entryNumber(x, style) {
  const value = look(style.book, x);
  const whole = x.name === "ids" || x.name === "targets";
  return whole ? String(value) : show(value, style.digits, style.latex);
}

/**
 * Write a constant; a count has letters in symbols.
 * @param {Constant} x
 * @param {Style} style
 * @returns {Piece}
 */
function constantPiece(x, style) {
  if (x.letters && !style.numbers) {
    return { text: style.latex ? x.letters.replaceAll("·", " \\cdot ") : x.letters };
  }
  const text = general(x.value);
  return { text: style.latex ? text : text.replaceAll("-", "−") };
}

/**
 * Write the formula of one number, and say how tightly it holds together.
 * @param {Scalar} x
 * @param {Style} style
 * @returns {Written}
 */
function written(x, style) {
  switch (x.kind) {
    case "element":
      return single(entryPiece(x, style));
    case "constant":
      return single(constantPiece(x, style));
    case "lookup":
      return writtenLookup(x, style);
    case "softmax":
    case "log_softmax":
      return writtenSoft(x, style);
    case "add":
    case "sum":
      return writtenSum(x, style);
    default:
      return writtenOp(x, style);
  }
}

/**
 * Return one piece; a power of ten is a product.
 * @param {Piece} piece
 * @returns {Written}
 */
function single(piece) {
  return { pieces: [piece], hold: /·|cdot/.test(piece.text) ? PRODUCT : TIGHT };
}

/**
 * Write a number that was looked up; both ends of its name stand for it.
 * @param {Op} x
 * @param {Style} style
 * @returns {Written}
 */
function writtenLookup({ parts: [row, { name, index }] }, style) {
  if (style.numbers) {
    return written(entry(name, index), style);
  }
  const open = { text: `${nameIn(name, style)}[`, name, index };
  const close = { text: `,${index.at(-1)}]`, name, index };
  return { pieces: [open, ...write(row, style), close], hold: TIGHT };
}

/**
 * Write a softmax (or its logarithm).
 * @param {Op} x
 * @param {Style} style
 * @returns {Written}
 */
function writtenSoft(x, style) {
  const words = style.latex ? LATEX : TEXT;
  const pieces = fill(words[x.kind], ...softParts(x, style));
  return { pieces, hold: x.kind === "log_softmax" ? LOOSE : PRODUCT };
}

/**
 * Write what stands above (or before) and below in a softmax (or its logarithm).
 * @param {Op} x
 * @param {Style} style
 * @returns {[Piece[], Piece[]]}
 */
function softParts(x, style) {
  const words = style.latex ? LATEX : TEXT;
  if (x.letter) {
    const [top, one] = x.parts.map((part) => write(part, style));
    const sign = fill(words.sum, [{ text: x.letter }]);
    return [top, [...sign, ...fill(words.exp, one)]];
  }
  const [position, ...everything] = x.parts;
  const exponentials = everything.map((part) => op("exp", [part]));
  return [write(everything[position.value], style), addUp(exponentials, style)];
}

/**
 * Write a sum, term by term or with the letter that runs.
 * @param {Op} x
 * @param {Style} style
 * @returns {Written}
 */
function writtenSum(x, style) {
  if (!x.letter) {
    return { pieces: addUp(x.parts, style), hold: LOOSE };
  }
  const sign = fill((style.latex ? LATEX : TEXT).sum, [{ text: x.letter }]);
  const inner = bracket(written(x.parts[0], style), PRODUCT, style);
  return { pieces: [...sign, ...inner], hold: LOOSE };
}

/**
 * Write a difference, a negative, a product, a quotient or a function.
 * @param {Op} x
 * @param {Style} style
 * @returns {Written}
 */
function writtenOp(x, style) {
  const words = style.latex ? LATEX : TEXT;
  const parts = x.parts.map((part) => written(part, style));
  const inside = (i, needed) => bracket(parts[i], needed, style);
  switch (x.kind) {
    case "sub": {
      const pieces = fill(["", ` ${words.minus} `, ""], parts[0].pieces, inside(1, PRODUCT));
      return { pieces, hold: LOOSE };
    }
    case "neg":
      return { pieces: fill([words.minus, ""], inside(0, PRODUCT)), hold: LOOSE };
    case "mul": {
      const signs = ["", ...Array(parts.length - 1).fill(words.mul), ""];
      return { pieces: fill(signs, ...parts.map((_, i) => inside(i, PRODUCT))), hold: PRODUCT };
    }
    case "div":
      return style.latex
        ? { pieces: fill(words.div, parts[0].pieces, parts[1].pieces), hold: TIGHT }
        : { pieces: fill(words.div, inside(0, PRODUCT), inside(1, TIGHT)), hold: PRODUCT };
    default:
      return { pieces: fill(words[x.kind], parts[0].pieces), hold: TIGHT };
  }
}

/**
 * Put brackets around a part that would fall apart, or that begins with a minus.
 * @param {Written} part
 * @param {number} needed
 * @param {Style} style
 * @returns {Piece[]}
 */
function bracket({ pieces, hold }, needed, style) {
  if (hold >= needed && !/^[−-]/.test(pieces[0].text)) {
    return pieces;
  }
  return fill((style.latex ? LATEX : TEXT).brackets, pieces);
}

/**
 * Write a sum; of a long one the largest terms, and in their middle how many are left out.
 * @param {Scalar[]} parts
 * @param {Style} style
 * @returns {Piece[]}
 */
function addUp(parts, style) {
  const { kept, more } = chosen(parts, style);
  const texts = kept.map((i, n) => {
    const { pieces } = written(parts[i], style);
    return n === 0 ? pieces : bracket({ pieces, hold: TIGHT }, LOOSE, style);
  });
  if (more) {
    const left = [{ text: String(parts.length - kept.length) }];
    const gap = fill((style.latex ? LATEX : TEXT)[more], left);
    texts.splice(Math.floor((texts.length + 1) / 2), 0, gap);
  }
  return fill(["", ...Array(texts.length - 1).fill(" + "), ""], ...texts);
}

/**
 * Choose the terms of a sum to write out, and the words for those that are left out.
 * @param {Scalar[]} parts
 * @param {Style} style
 * @returns {{kept: number[], more: "" | "more" | "more_zeros"}}
 */
function chosen(parts, style) {
  const all = [...parts.keys()];
  if (style.shown === null || parts.length <= style.shown) {
    return { kept: all, more: "" };
  }
  const size = parts.map((part) => Math.abs(evaluate(part, style.book)));
  const order = [...all].sort((a, b) => size[b] - size[a] || a - b);
  const largest = order.slice(0, Math.max(style.shown, 1));
  const kept = new Set(largest.filter((i) => size[i] || i === largest[0]));
  const zeros = all.every((i) => kept.has(i) || size[i] === 0);
  return { kept: all.filter((i) => kept.has(i)), more: zeros ? "more_zeros" : "more" };
}

/**
 * Return what is added up to a number, each term as its factors. Around the sum may stand a
 * function; then the number's `kind` says which.
 * @param {Scalar} x
 * @param {Book} book
 * @returns {Factor[][]}
 */
function terms(x, book) {
  if (x.kind in SOFT) {
    return x.parts.slice(1).map((part) => [factor(part, book)]);
  }
  return summands(x.kind in FUNCTIONS ? x.parts[0] : x, book, false);
}

/**
 * Return a sum as products.
 * @param {Scalar} x
 * @param {Book} book
 * @param {boolean} minus
 * @returns {Factor[][]}
 */
function summands(x, book, minus) {
  if (x.kind === "div" && ["sum", "neg"].includes(x.parts[0].kind)) {
    const share = reciprocal(x.parts[1], book);
    return summands(x.parts[0], book, minus).map((term) => [...term, share]);
  }
  switch (x.kind) {
    case "add":
    case "sum":
      return x.parts.flatMap((part) => summands(part, book, minus));
    case "sub":
      return x.parts.flatMap((part, i) => summands(part, book, i === 0 ? minus : !minus));
    case "neg":
      return summands(x.parts[0], book, !minus);
    default:
      return [[...(minus ? [minusOne()] : []), ...factorsOf(x, book)]];
  }
}

/**
 * Return a product as factors.
 * @param {Scalar} x
 * @param {Book} book
 * @returns {Factor[]}
 */
function factorsOf(x, book) {
  switch (x.kind) {
    case "mul":
      return x.parts.flatMap((part) => factorsOf(part, book));
    case "div":
      return [...factorsOf(x.parts[0], book), reciprocal(x.parts[1], book)];
    case "neg":
      return [minusOne(), ...factorsOf(x.parts[0], book)];
    case "lookup":
      return factorsOf(x.parts[1], book);
    default:
      return [factor(x, book)];
  }
}

/**
 * Return the factor that a minus is.
 * @returns {Factor}
 */
function minusOne() {
  return { text: "−1", value: -1, elements: [] };
}

/**
 * Return anything as one factor.
 * @param {Scalar} x
 * @param {Book} book
 * @returns {Factor}
 */
function factor(x, book) {
  const text = joined(bracket(written(x, PLAIN), PRODUCT, PLAIN));
  return { text, value: evaluate(x, book), elements: elements(x) };
}

/**
 * Return what one divides by, as a factor.
 * @param {Scalar} x
 * @param {Book} book
 * @returns {Factor}
 */
function reciprocal(x, book) {
  const inner = factor(x, book);
  return { text: `1/${inner.text}`, value: 1 / inner.value, elements: inner.elements };
}

/**
 * Return every tensor's number in a formula.
 * @param {Scalar} x
 * @returns {{name: string, index: number[]}[]}
 */
function elements(x) {
  if (x.kind === "element") {
    return [{ name: x.name, index: x.index }];
  }
  return x.kind === "constant" ? [] : x.parts.flatMap(elements);
}

/**
 * Return each number once, in order.
 * @param {{name: string, index: number[]}[]} found
 * @returns {{name: string, index: number[]}[]}
 */
function once(found) {
  const byPlace = new Map(found.map((x) => [place(x.name, x.index), x]));
  return [...byPlace.values()];
}
