import { palette, STEPS } from "./colours.js";
import { make, nameText, PART } from "./sheet.js";
import { rebuild, wireSoon } from "./stage.js";

/** Fill the choices with what there is, and show what is chosen. */
export function fillChoices(own) {
  const { book, root } = own;
  const choose = (name) => root.querySelector(`[data-choose="${name}"]`);
  const fill = (select, options, value) => {
    select.replaceChildren(...options.map(([v, text]) => new Option(text, v)));
    select.value = String(value);
  };
  fill(
    choose("sequence"),
    Array.from({ length: book.sizes.B }, (_, i) => [i, String(i)]),
    own.place.sequence,
  );
  root.querySelector(".sequences").hidden = book.sizes.B === 1;
  fill(
    choose("equation"),
    [[-1, "all at once"], ...own.order.map((name, i) => [i, `${i + 1} · ${nameText(name)}`])],
    own.equation,
  );
  root.querySelector(".walk").hidden = own.order.length === 0;
  choose("range").value = own.range;
  choose("digits").value = own.digitsName;
  choose("mean").value = own.mean;
  choose("speed").value = String(own.speed);
  const convention = root.querySelector(".convention");
  convention.hidden = !book.has("h_other") || book.slug !== "cell";
  convention.firstElementChild.checked = own.convention;
  root.querySelector('[data-switch="checking"]').checked = own.checking;
}

/** Let the reader choose which part of large matrices has numbers. */
export function drawParts(own) {
  const { parts } = own.el;
  parts.hidden = own.parts.size === 0;
  parts.replaceChildren(
    ...[...own.parts].map(([dim, size]) => {
      const box = make("label", "", `${own.book.dims[dim]}: ${size}; numbers from `);
      const field = /** @type {HTMLInputElement} */ (make("input"));
      field.type = "number";
      field.min = "0";
      field.max = String(size - PART.columns);
      field.value = String(Math.min(own.focus[dim] ?? 0, size - PART.columns));
      field.onchange = () => {
        own.focus[dim] = Math.max(0, Math.min(Number(field.value) || 0, size - PART.columns));
        rebuild(own);
      };
      box.append(field);
      return box;
    }),
  );
}

/** Draw the three scales with words. */
export function drawLegend(own) {
  const kinds = new Map([
    ["signed", "values: orange below 0, blue above"],
    ["weight", "parameters: brown below 0, teal above"],
    ["unit", "0 to 1: gates, probabilities, masks"],
  ]);
  const far = {
    matrix: "in its matrix, here",
    time: "in its matrix, at any time step",
    run: "of its kind in the whole run",
  };
  const used = new Set(own.drawings.map((d) => own.book.quantities[d.name].kind));
  const items = [...kinds]
    .filter(([kind]) => used.has(kind))
    .map(([kind, words]) => {
      const item = make("span", "scale");
      const bar = make("span", "ramp");
      const { fill } = palette(own.theme, kind);
      const stops = [0, 0.25, 0.5, 0.75, 1].map((at) => fill[Math.round(at * STEPS)]);
      bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
      item.append(bar, words);
      return item;
    });
  own.el.legend.replaceChildren(
    ...items,
    make("span", "", `strongest colour: the largest number ${far[own.range]}`),
  );
  own.el.legend.setAttribute("aria-label", [...kinds.values()].join("; "));
}

/** Leave only the stage, in large type. */
export function present(own, on) {
  const { root } = own;
  root.classList.toggle("presenting", on);
  root.querySelector('[data-do="present"]').setAttribute("aria-pressed", String(on));
  // the top layer lies above the menu and the sidebar
  if (on) {
    root.popover = "manual";
    root.showPopover();
    root.focus();
  } else if (root.popover) {
    root.hidePopover();
    root.removeAttribute("popover");
  }
  wireSoon(own);
}
